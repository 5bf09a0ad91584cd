#!/bin/bash
# The users of deploy/redis are enough for a router under load, on one server, behind a Sentinel
# through a failover, and on a cluster, and not for anything else.
#
#   tests/ops/redis_acl_test.sh PROGRAMS       the folder `services` of a build
set -euo pipefail
cd "$(dirname "$0")/../.."
programs=$1
scratch=$(mktemp -d)
started=()
# shellcheck disable=SC2317  # reached through the trap
clean_up() {
  for process in "${started[@]}"; do
    kill "$process" 2>/dev/null || true
  done
  wait || true
  rm -rf "$scratch"
}
trap clean_up EXIT
fail() {
  echo "redis_acl_test: $*"
  tail -n 5 "$scratch"/*.log
  exit 1
}
# shellcheck source=tests/ops/await.sh
. tests/ops/await.sh

# Every command that the sources name, also those that only a repair sends; but importing a workspace
# is not the router's affair.
named=$(grep -rhoE "redis\.call\('[A-Za-z]+'" services/router/store | cut -d "'" -f 2 |
  tr '[:upper:]' '[:lower:]' | sort -u | grep -vx persist)
for command in $named; do
  grep -q "^user firstline .* +$command\b" deploy/redis/users.acl ||
    fail "$command is used and not allowed"
done

# server NAME PORT [OPTION...]: one with the shipped settings and users, and an operator's.
cp deploy/redis/users.acl "$scratch/users.acl"
echo 'user operator on >change-me ~* &* +@all' >>"$scratch/users.acl"
server() {
  local name=$1 port=$2
  shift 2
  mkdir "$scratch/$name"
  echo "include $PWD/deploy/redis/redis.conf" >"$scratch/$name.conf"
  redis-server "$scratch/$name.conf" --port "$port" --bind 127.0.0.1 --dir "$scratch/$name" \
    --aclfile "$scratch/users.acl" "$@" >"$scratch/$name.log" 2>&1 &
  started+=($!)
  await pongs "$port"
}
as() { redis-cli -p "$2" --user "$1" --pass change-me --no-auth-warning "${@:3}"; }
as_router() { as firstline "$port" "$@"; }
pongs() { [ "$(as firstline "$1" ping)" = PONG ]; }

# play NAME OPTION...: a router, what the command line does with it, and its end.
play() {
  local name=$1
  shift
  "$programs/router/firstline-router" "$@" --listen=127.0.0.1:0 --metrics-listen=none \
    --port-file="$scratch/$name.ports" >"$scratch/$name.router.log" 2>&1 &
  router=$!
  started+=("$router")
  await test -s "$scratch/$name.ports"
  cli() { "$programs/cli/firstline" --server "127.0.0.1:$(head -n 1 "$scratch/$name.ports")" "$@"; }
  cli load --rate 100 --duration 3s --handle 20ms >"$scratch/$name.load.log" ||
    fail "load ended with $?"
  cli config apply deploy/demo/workspace.yaml >"$scratch/$name.apply.log" ||
    fail "apply ended with $?"
  cli -w demo events >"$scratch/$name.events.log" || fail "events ended with $?"
  kill "$router"
  wait "$router" || fail "the router ended with $?"
}

# ---- One server ----
port=$(free_port)
server one "$port"
# From the environment, where a password is not among the arguments of a process.
FIRSTLINE_STORE="redis://firstline:change-me@127.0.0.1:$port" play one

refused() {
  case "$("$@" 2>&1)" in
    NOPERM* | NOAUTH* | *"The user executing the script can't run this command"*) ;;
    *) fail "was not refused: $*" ;;
  esac
}
refused redis-cli -p "$port" ping
refused as_router flushall
refused as_router config get '*'
refused as_router keys '*'
refused as_router get other
refused as_router set fl:workspaces x
refused as_router hset other field value
refused as_router eval "return redis.call('HSET', KEYS[1], 'f', 'v')" 1 other
refused as_router eval "return redis.call('FLUSHALL')" 0
refused as_router shutdown
refused as_router cluster reset
refused as_router replicaof no one
for user in replica sentinel; do
  refused as "$user" "$port" smembers fl:workspaces
done

# ---- A primary, a replica, a Sentinel ----
primary=$(free_port) replica=$(free_port) sentinel=$(free_port)
as_replica=(--masteruser replica --masterauth change-me --repl-diskless-sync-delay 0)
server primary "$primary" "${as_replica[@]}"
server replica "$replica" "${as_replica[@]}" --replicaof 127.0.0.1 "$primary"
follows() { as sentinel "$primary" info replication | grep -q state=online; }
await follows
sed -e "s/redis-0.example 6379 2/127.0.0.1 $primary 1/" \
  -e 's/^# \(sentinel auth-user.*\)/\1/' -e 's/^# \(sentinel auth-pass.*\)PASSWORD/\1change-me/' \
  -e 's/^# \(sentinel sentinel-user.*\)/\1/' \
  -e 's/^# \(sentinel sentinel-pass.*\)PASSWORD/\1change-me/' \
  deploy/redis/sentinel.conf >"$scratch/sentinel.conf"
redis-server "$scratch/sentinel.conf" --sentinel --port "$sentinel" --bind 127.0.0.1 \
  --aclfile "$PWD/deploy/redis/sentinel-users.acl" >"$scratch/sentinel.log" 2>&1 &
started+=($!)
named=(sentinel get-master-addr-by-name firstline)
names() { [ "$(as firstline "$sentinel" "${named[@]}" | tail -n 1)" = "$1" ]; }
await names "$primary"
store="sentinel://firstline:change-me@127.0.0.1:$sentinel/firstline?auth=firstline:change-me"
play before --store="$store" --wait-replicas=1 --wait-ms=1000
refused as firstline "$sentinel" sentinel failover firstline
refused redis-cli -p "$sentinel" "${named[@]}"
knows_replica() { as sentinel "$sentinel" sentinel replicas firstline | grep -q "^$replica$"; }
await knows_replica
as sentinel "$sentinel" sentinel failover firstline >"$scratch/failover.log"
await names "$replica"
play after --store="$store"

# ---- A cluster, of one ----
port=$(free_port)
server cluster "$port" --cluster-enabled yes --cluster-port "$(free_port)"
as operator "$port" cluster addslotsrange 0 16383 >"$scratch/slots.log"
play cluster --store="cluster://firstline:change-me@127.0.0.1:$port"

grep -l NOPERM "$scratch"/*.log && fail 'something was refused'
echo 'redis_acl_test: passed'
