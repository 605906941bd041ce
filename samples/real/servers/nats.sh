#!/bin/sh
# nats.sh PORT [stop]: Debian's nats-server with JetStream on a loopback port, with data in a
# temporary folder.
set -e
port=$1
data=/tmp/coroner-nats-$port
PATH=$PATH:/usr/sbin
command -v nats-server >/dev/null || { echo "nats-server is not installed"; exit 1; }
[ -f "$data/pid" ] && kill "$(cat "$data/pid")" 2>/dev/null && sleep 0.5
rm -rf "$data"
[ "$2" = stop ] && exit 0
mkdir -p "$data"
nohup nats-server -a 127.0.0.1 -p "$port" -js -sd "$data" -P "$data/pid" -l "$data/log" \
    >/dev/null 2>&1 &
for attempt in 1 2 3 4 5 6 7 8 9 10; do
    grep -q "Server is ready" "$data/log" 2>/dev/null && exit 0
    sleep 0.3
done
echo "nats-server does not get ready"
exit 1
