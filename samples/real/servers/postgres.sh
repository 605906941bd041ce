#!/bin/sh
# postgres.sh PORT [stop]: Debian's PostgreSQL on a loopback port, with data in a temporary folder.
# Its superuser is "postgres", without a password. PostgreSQL refuses to run as root.
set -e
port=$1
data=/tmp/coroner-postgres-$port
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
[ -x "$bin/initdb" ] || { echo "PostgreSQL is not installed"; exit 1; }
cd /

as_postgres() {
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

if [ -d "$data" ]; then
    as_postgres "$bin/pg_ctl" -D "$data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$data"
fi
[ "$2" = stop ] && exit 0
as_postgres "$bin/initdb" -D "$data" -U postgres -A trust -E UTF8 -N >/dev/null
# What a busy machine needs; if it fails, the server's own last words say why.
as_postgres "$bin/pg_ctl" -D "$data" -l "$data/log" -w -t 180 start -o "-p $port -F \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c shared_buffers=8MB" >/dev/null ||
    { tail -n 1 "$data/log"; exit 1; }
