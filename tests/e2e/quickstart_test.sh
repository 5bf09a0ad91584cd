#!/bin/bash
# The quick start does what it says: it plays the day, and it leaves nothing behind, whatever ends it.
#
#   tests/e2e/quickstart_test.sh CASE PROGRAMS
#
#   day       the day is played to its end; every figure is equal to /metrics; exit code 0
#   signal    SIGTERM in the middle: exit code 143
#   child     the router is killed in the middle: exit code 1, and it says so
#   redis     the redis-server is killed in the middle: exit code 1, and it says so
# PROGRAMS: the folder `services` of a build.
set -euo pipefail
cd "$(dirname "$0")/../.."
what=$1 programs=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
  echo "quickstart_test $what: $*"
  echo "--- output"
  tail -n 40 "$scratch/out"
  exit 1
}

: >"$scratch/out"
# Its temporary folder is made inside ours, so that what belongs to it can be told from all else.
TMPDIR=$scratch deploy/quickstart.sh --no-install --programs "$programs" --load 0.15 \
  >"$scratch/out" 2>&1 </dev/null &
quickstart=$!

# Waits until the output has a line like $1.
await() {
  local tries=1200
  until grep -q "$1" "$scratch/out"; do
    kill -0 "$quickstart" 2>/dev/null || fail "ended before '$1'"
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "no '$1'"
    sleep 0.1
  done
}
mine() { pgrep -f "$scratch/firstline[.]" || true; }
expect_code() {
  local code=0
  wait "$quickstart" || code=$?
  [ "$code" -eq "$1" ] || fail "exit code $code instead of $1"
}

case "$what" in
  day)
    expect_code 0
    grep -q 'every figure equal to /metrics' "$scratch/out" || fail 'figures were not compared'
    for queue in billing technical sales vip support-de support-zh phone; do
      grep -q "^$queue " "$scratch/out" || fail "no line for $queue"
    done
    ;;
  signal)
    await '^workspace demo'
    kill -TERM "$quickstart"
    expect_code 143
    ;;
  child)
    await '^workspace demo'
    pgrep -f "port-file=$scratch/firstline[.]" | xargs kill -KILL
    expect_code 1
    grep -q 'the router ended' "$scratch/out" || fail 'it does not say why'
    ;;
  redis)
    await '^workspace demo'
    pgrep -f "redis-server.*$scratch/firstline[.]" | xargs kill -KILL
    expect_code 1
    grep -q 'redis-server ended' "$scratch/out" || fail 'it does not say why'
    ;;
  *) fail 'unknown case' ;;
esac
[ -z "$(mine)" ] || fail "still running: $(ps -o pid,args -p "$(mine | paste -sd,)")"
[ -z "$(find "$scratch" -maxdepth 1 -name 'firstline.*')" ] || fail 'its folder is still there'
echo "quickstart_test $what: passed"
