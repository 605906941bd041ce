#!/bin/sh
# redis.sh PORT [stop]: Debian's redis-server on a loopback port; it keeps nothing on disk.
set -e
port=$1
command -v redis-server >/dev/null || { echo "redis-server is not installed"; exit 1; }
redis-cli -p "$port" shutdown nosave >/dev/null 2>&1 || true
[ "$2" = stop ] && exit 0
redis-server --port "$port" --bind 127.0.0.1 --save "" --appendonly no --daemonize yes \
    --dir /tmp --pidfile "/tmp/coroner-redis-$port.pid" >/dev/null
for attempt in 1 2 3 4 5 6 7 8 9 10; do
    redis-cli -p "$port" ping >/dev/null 2>&1 && exit 0
    sleep 0.3
done
echo "redis-server does not answer"
exit 1
