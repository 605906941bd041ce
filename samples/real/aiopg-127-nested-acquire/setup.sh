exec sh ../servers/postgres.sh 54940 "$@"
