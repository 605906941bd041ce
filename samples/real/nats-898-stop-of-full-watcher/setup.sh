exec sh ../servers/nats.sh 54935 "$@"
