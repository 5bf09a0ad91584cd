#!/bin/bash
# Builds the image and runs a router from it: small, not root, root read-only, no capabilities,
# bound in memory; it bears a load without a loss, and ends in time on SIGTERM.
#
#   tests/ops/container_test.sh FOLDER [--image NAME]
#
# FOLDER is for what podman needs. --image takes an image that is there instead of building.
# Building takes minutes (the whole of the router and the command line); a second time, seconds.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$1
image=localhost/firstline:test
build=1
if [ "${2-}" = --image ]; then
  image=$3
  build=''
fi
# shellcheck source=tests/ops/podman.sh
. tests/ops/podman.sh
podman_ready "$folder"
redis='' scratch=$(mktemp -d)
name=firstline-container-test-$$
# shellcheck disable=SC2317  # reached through the trap
clean_up() {
  podman rm --force --ignore "$name" >/dev/null 2>&1 || true
  [ -z "$redis" ] || kill "$redis" 2>/dev/null || true
  wait || true
  rm -rf "$scratch"
}
trap clean_up EXIT

fail() {
  echo "container_test: $*"
  podman logs "$name" 2>&1 | tail -n 5 || true
  exit 1
}
# shellcheck source=tests/ops/await.sh
. tests/ops/await.sh

if [ -n "$build" ]; then
  ensure_base "$folder"
  podman build --quiet --network=host --file deploy/container/Dockerfile --tag "$image" . \
    >"$folder/build.log" 2>&1 || { tail -n 30 "$folder/build.log"; fail 'the image was not built'; }
fi
mib=$(($(podman image inspect --format '{{.Size}}' "$image") / 1048576))
debian=docker.io/library/debian:trixie-slim
base=$(($(podman image inspect --format '{{.Size}}' "$debian") / 1048576))
echo "image: $mib MiB, $((mib - base)) MiB of them ours and our libraries"
[ $((mib - base)) -le 60 ] || fail 'the image is too large'

redis_port=$(free_port)
redis-server deploy/redis/redis.conf --port "$redis_port" --bind 127.0.0.1 --dir "$scratch" \
  >"$scratch/redis.log" 2>&1 &
redis=$!
await redis-cli -p "$redis_port" ping

# The image's own words, but for ports: those of this machine may be taken.
port=$(free_port) metrics=$(free_port)
podman run --detach --name "$name" --network=host --read-only --read-only-tmpfs=false \
  --cap-drop=ALL --security-opt=no-new-privileges --memory=256m \
  --entrypoint firstline-router "$image" \
  --listen="127.0.0.1:$port" --metrics-listen="127.0.0.1:$metrics" \
  --store="127.0.0.1:$redis_port" >/dev/null
await curl --silent --fail "http://127.0.0.1:$metrics/metrics"
entrypoint=$(podman image inspect --format '{{.Config.Entrypoint}}' "$image")
[ "$entrypoint" = '[firstline-router --listen=0.0.0.0:7600 --metrics-listen=0.0.0.0:9464]' ] ||
  fail "entrypoint $entrypoint"

status=/proc/$(podman inspect --format '{{.State.Pid}}' "$name")/status
for line in 'Uid:.10001.10001' 'CapEff:.0000000000000000' 'CapBnd:.0000000000000000' \
  'NoNewPrivs:.1' 'Seccomp:.2'; do
  grep -q "^$line" "$status" || fail "not '$line': $(cat "$status")"
done
if podman exec "$name" touch /written 2>/dev/null; then fail 'its root can be written'; fi
for tool in g++ cmake gdb python3 curl; do
  if podman exec "$name" sh -c "command -v $tool" >/dev/null; then fail "$tool is in the image"; fi
done

# The command line of the same image judges: code 6 if anything acknowledged is lost or doubled.
podman run --rm --network=host --read-only --cap-drop=ALL --entrypoint firstline "$image" \
  --server "127.0.0.1:$port" load --rate 200 --duration 5s --handle 50ms >"$scratch/load" ||
  fail "load ended with $?: $(cat "$scratch/load")"
grep -q 'firstline_inquiries_submitted_total{' \
  <(curl --silent "http://127.0.0.1:$metrics/metrics") || fail 'no metrics of the load'

start=$(date +%s%N)
podman stop --time 25 "$name" >/dev/null
took=$((($(date +%s%N) - start) / 1000000))
code=$(podman inspect --format '{{.State.ExitCode}}' "$name")
[ "$code" -eq 0 ] || fail "exit code $code on SIGTERM"
[ "$took" -lt 15000 ] || fail "it took $took ms to stop"
# Podman itself mounts below these.
written=$(podman diff "$name" | grep -v ' /\(etc\|run\|dev\|proc\|sys\)' || true)
[ -z "$written" ] || fail "it wrote: $written"
echo "stopped in $took ms"
echo 'container_test: passed'
