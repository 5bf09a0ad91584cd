#!/bin/bash
# The user of users.acl is enough for a router under load, and not for anything else.
#
#   tests/ops/redis_acl_test.sh PROGRAMS       the folder `services` of a build
set -euo pipefail
cd "$(dirname "$0")/../.."
programs=$1
scratch=$(mktemp -d)
redis='' router=''
# shellcheck disable=SC2317  # reached through the trap
clean_up() {
  [ -z "$router" ] || kill "$router" 2>/dev/null || true
  [ -z "$redis" ] || kill "$redis" 2>/dev/null || true
  wait || true
  rm -rf "$scratch"
}
trap clean_up EXIT
fail() {
  echo "redis_acl_test: $*"
  tail -n 5 "$scratch/redis.log" "$scratch/router.log"
  exit 1
}
# shellcheck source=tests/ops/await.sh
. tests/ops/await.sh
port=$(free_port)
redis-server deploy/redis/redis.conf --port "$port" --bind 127.0.0.1 --dir "$scratch" \
  --aclfile "$PWD/deploy/redis/users.acl" >"$scratch/redis.log" 2>&1 &
redis=$!
as_router() { redis-cli -p "$port" --user firstline --pass change-me --no-auth-warning "$@"; }
pongs() { [ "$(as_router ping)" = PONG ]; }
await pongs

# Every command that the sources name, also those that only a repair sends.
named=$(grep -rhoE "redis\.call\('[A-Za-z]+'" services/router/store | cut -d "'" -f 2 |
  tr '[:upper:]' '[:lower:]' | sort -u)
for command in $named; do
  grep -q " +$command\b" deploy/redis/users.acl || fail "$command is used and not allowed"
done

"$programs/router/firstline-router" --store="redis://firstline:change-me@127.0.0.1:$port" \
  --listen=127.0.0.1:0 --metrics-listen=none --port-file="$scratch/ports" \
  >"$scratch/router.log" 2>&1 &
router=$!
await test -s "$scratch/ports"
cli() { "$programs/cli/firstline" --server "127.0.0.1:$(head -n 1 "$scratch/ports")" "$@"; }
cli load --rate 100 --duration 3s --handle 20ms >"$scratch/load.log" || fail "load ended with $?"
cli config apply deploy/demo/workspace.yaml >"$scratch/apply.log" || fail "apply ended with $?"
cli -w demo events >"$scratch/events.log" || fail "events ended with $?"

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
grep -q NOPERM "$scratch/router.log" && fail 'the router was refused something'
echo 'redis_acl_test: passed'
