exec sh ../servers/redis.sh 54943 "$@"
