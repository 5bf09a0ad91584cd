#!/bin/bash
# Firstline in one command: builds it, starts a private redis-server and a router, plays a busy day
# of customer service through gRPC and Redis, and shows the figures of every queue.
#
#   deploy/quickstart.sh [--no-install] [--programs DIR] [--seed N] [--load X]
#
#   --no-install    do not look for missing packages
#   --programs DIR  build nothing and take what is in DIR, such as build/dev/services
#   --seed N        another day
#   --load X        multiplies the number of customers
#
# On a terminal everything keeps running afterwards until Ctrl-C; otherwise the script ends with 0.
# It stops whatever it started, whatever happens, and leaves nothing but build/release behind.
# Exit codes: 0 played, and every figure equal to /metrics; 1 something failed; 128+n signal n.
set -euo pipefail
cd "$(dirname "$0")/.."

install=1
programs=''
day=()
while [ $# -gt 0 ]; do
  case "$1" in
    --no-install) install='' ;;
    --seed | --load | --programs)
      [ $# -ge 2 ] || { echo "quickstart: $1 needs a value" >&2; exit 2; }
      if [ "$1" = --programs ]; then programs=$2; else day+=("$1" "$2"); fi
      shift
      ;;
    -h | --help)
      sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' deploy/quickstart.sh
      exit 0
      ;;
    *)
      echo "quickstart: unknown argument $1 (--help tells which there are)" >&2
      exit 2
      ;;
  esac
  shift
done

fail() {
  echo "quickstart: $*" >&2
  exit 1
}

# ---- What is started, and its end ----------------------------------------------------------------

folder=''
build='' redis='' router='' demo=''

# Ends one child and what it started: asks, waits up to ten seconds, insists.
# shellcheck disable=SC2317  # reached through the trap
stop() {
  local pid=$1 tries=100
  [ -n "$pid" ] && kill -TERM -- "-$pid" 2>/dev/null || return 0
  while [ "$tries" -gt 0 ] && kill -0 "$pid" 2>/dev/null; do
    sleep 0.1
    tries=$((tries - 1))
  done
  kill -KILL -- "-$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}

# Those who depend on others first: the router gives its workspaces back while Redis is there.
# shellcheck disable=SC2317  # reached through the trap
clean_up() {
  trap '' HUP INT TERM
  stop "$build"
  stop "$demo"
  stop "$router"
  stop "$redis"
  [ -z "$folder" ] || rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Starts a program in a session of its own, so that Ctrl-C reaches this script alone, which then
# stops things in order; should the script be killed outright, the kernel stops its children.
start() {
  setpriv --pdeathsig TERM -- setsid "$@" &
}

# Waits until the command given succeeds; fails when the child `pid` is gone or after 30 s.
await() {
  local pid=$1 name=$2 tries=300
  shift 2
  until "$@" >/dev/null 2>&1; do
    kill -0 "$pid" 2>/dev/null || fail "$name ended: $(tail -n 5 "$folder/$name.log")"
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "$name does not answer: $(tail -n 5 "$folder/$name.log")"
    sleep 0.1
  done
}

# ---- Packages and programs -----------------------------------------------------------------------

[ -z "$install" ] || deploy/install_packages.sh --runtime --build
folder=$(mktemp -d "${TMPDIR:-/tmp}/firstline.XXXXXX")
if [ -z "$programs" ]; then
  echo 'Building (the first time takes some minutes) ...'
  # In the background, because a shell hears signals only between commands.
  start sh -c 'cmake --preset release && cmake --build --preset release --target "$@"' build \
    firstline-router firstline-demo firstline >"$folder/build.log" 2>&1
  build=$!
  wait "$build" || fail "the build failed: $(tail -n 40 "$folder/build.log")"
  build=''
  programs=build/release/services
fi

# ---- Redis, router -------------------------------------------------------------------------------

start redis-server --port 0 --unixsocket "$folder/redis.sock" --dir "$folder" --save '' \
  --appendonly yes --appendfsync everysec --maxmemory-policy noeviction \
  >"$folder/redis.log" 2>&1
redis=$!
await "$redis" redis redis-cli -s "$folder/redis.sock" ping

start "$programs/router/firstline-router" --store="unix:$folder/redis.sock" --clock=driven \
  --listen=127.0.0.1:0 --metrics-listen=127.0.0.1:0 --port-file="$folder/ports" \
  >"$folder/router.log" 2>&1
router=$!
await "$router" router test -s "$folder/ports"
{ read -r port && read -r metrics_port; } <"$folder/ports"
echo "Redis at $folder/redis.sock, router at 127.0.0.1:$port," \
  "http://127.0.0.1:$metrics_port/metrics"

# ---- The day -------------------------------------------------------------------------------------

stay=()
if [ -t 0 ] && [ -t 1 ]; then
  cli="$programs/cli/firstline --server 127.0.0.1:$port --workspace demo"
  stay=(--stay --note "
The evening shift goes on in real time until Ctrl-C. In another terminal, here in $PWD, try:

  $cli queue stats
  $cli inquiry submit --id hello-1 --queue billing --channel chat
  curl -s http://127.0.0.1:$metrics_port/metrics | grep first_response_seconds_sum
")
fi
start "$programs/demo/firstline-demo" --router "127.0.0.1:$port" \
  --metrics "127.0.0.1:$metrics_port" --workspace deploy/demo/workspace.yaml \
  "${day[@]}" "${stay[@]}"
demo=$!

# The first child that ends decides: the day is over, or something it needs has died.
ended='' code=0
wait -n -p ended "$demo" "$router" "$redis" || code=$?
if [ "$ended" = "$router" ]; then
  router=''
  fail "the router ended with $code: $(tail -n 5 "$folder/router.log")"
elif [ "$ended" = "$redis" ]; then
  redis=''
  fail "redis-server ended with $code: $(tail -n 5 "$folder/redis.log")"
fi
demo=''
exit "$code"
