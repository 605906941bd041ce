exec sh ../servers/redis.sh 54942 "$@"
