#!/bin/sh
# Shows once, with memory, what a router bears in one workspace:
#   waiting   a million inquiries that wait, submitted in batches
#   agents    100,000 agents, added, available through sessions, and serving a load
#   watchers  unary submissions beside 10,000 open watch streams, against those without
#
#   tests/overload/scale.sh [waiting|agents|watchers]...      all of them unless told
#
# BUILD is the folder of a build (build/release) with the targets firstline-router, firstline and
# watch_crowd; WAITING, AGENTS, WATCHERS change the sizes. Each part starts a redis-server
# (appendfsync everysec) and a router of its own and ends them.
set -eu

cd "$(dirname "$0")/../.."
build=${BUILD:-build/release}
waiting=${WAITING:-1000000}
agents=${AGENTS:-100000}
watchers=${WATCHERS:-10000}
folder='' redis='' router='' crowd=''

stop() {
  for pid in $crowd $router $redis; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  crowd='' router='' redis=''
  [ -z "$folder" ] || rm -rf "$folder"
  folder=''
}
trap stop EXIT
trap 'exit 1' INT TERM

start() {
  stop
  folder=$(mktemp -d)
  redis-server --port 0 --unixsocket "$folder/redis.sock" --dir "$folder" --save '' \
    --appendonly yes --appendfsync everysec --maxmemory-policy noeviction \
    >"$folder/redis.log" 2>&1 &
  redis=$!
  "$build/services/router/firstline-router" --listen=127.0.0.1:0 --metrics-listen=none \
    --store="unix:$folder/redis.sock" --port-file="$folder/ports" --log-level=warning &
  router=$!
  tries=0
  until [ -s "$folder/ports" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || { echo 'the router does not start' >&2; exit 1; }
    sleep 0.1
  done
  server=127.0.0.1:$(head -n 1 "$folder/ports")
}

load() {
  "$build/services/cli/firstline" --server "$server" load "$@"
}

memory() {
  rss=$(awk '/^VmRSS:/ { printf "%.0f", $2 / 1024 }' "/proc/$router/status")
  peak=$(awk '/^VmHWM:/ { printf "%.0f", $2 / 1024 }' "/proc/$router/status")
  used=$(redis-cli -s "$folder/redis.sock" info memory | tr -d '\r' |
    awk -F: '$1 == "used_memory" { printf "%.0f", $2 / 1048576 }')
  echo "$1: router $rss MiB (peak $peak), redis $used MiB"
}

show_waiting() {
  start
  echo "== $waiting waiting inquiries"
  memory 'empty'
  load --agents 0 --count "$waiting" --outstanding 8192 --streams 4 --warm-up 0s --duration 20m \
    --attributes 100 --keep
  memory "$waiting waiting"
  echo 'beside them, in the same router, lives from submission to close:'
  load --workspace beside --outstanding 64 --duration 5s
}

show_agents() {
  start
  echo "== $agents agents"
  memory 'empty'
  load --agents "$agents" --sessions $(((agents + 9999) / 10000)) --queues 64 --outstanding 256 \
    --duration 10s --keep
  memory "$agents agents, once available and served by"
}

# Submissions by unary calls a second, into the workspace `target`.
rate() {
  load --workspace target --reuse --agents 0 --calls unary --streams 4 --outstanding 64 \
    --warm-up 2s --duration 10s --no-check -o json |
    awk '/"submit"/ { on = 1 } on && /per_second/ { gsub(/[^0-9.]/, ""); print; exit }'
}

# $1: the workspace that the streams watch.
show_crowd() {
  before=$(rate)
  rm -f "$folder/hold"
  mkfifo "$folder/hold"
  "$build/tests/overload/watch_crowd" "$server" "$1" "$watchers" inquiry \
    <"$folder/hold" >"$folder/crowd" &
  crowd=$!
  exec 3>"$folder/hold"
  until grep -q ready "$folder/crowd"; do
    kill -0 "$crowd" || { cat "$folder/crowd" >&2; exit 1; }
    sleep 0.1
  done
  memory "$watchers streams on workspace $1"
  beside=$(rate)
  exec 3>&-
  wait "$crowd" || { cat "$folder/crowd" >&2; exit 1; }
  crowd=''
  after=$(rate)
  cat "$folder/crowd"
  echo "$before $beside $after" | awk '{
    printf "submissions a second: %.0f before, %.0f beside the streams, %.0f after; ratio %.2f\n",
           $1, $2, $3, $2 / (($1 + $3) / 2) }'
}

show_watchers() {
  start
  echo "== unary submissions into workspace target beside $watchers watch streams"
  for workspace in target other; do
    load --workspace "$workspace" --agents 0 --count 1 --warm-up 0s --keep >"$folder/first"
  done
  rate >"$folder/warm"
  memory 'no streams'
  show_crowd other
  show_crowd target
}

[ $# -gt 0 ] || set -- waiting agents watchers
for part in "$@"; do
  case $part in
    waiting) show_waiting ;;
    agents) show_agents ;;
    watchers) show_watchers ;;
    *) echo "no part '$part': waiting, agents, watchers" >&2; exit 2 ;;
  esac
done
