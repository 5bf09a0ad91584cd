#!/bin/bash
# compose.yaml comes up: Redis, two routers, the load and a Prometheus that scrapes both.
#
#   tests/ops/compose_test.sh FOLDER IMAGE
#
# With podman-compose. IMAGE is the router's. Where no registry of images is reached, Debian's
# redis-server and prometheus stand in for the images of those names; Grafana and Alertmanager have
# no stand-in and are left out. Nothing is published on this machine's ports.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$1 image=$2
# shellcheck source=tests/ops/podman.sh
. tests/ops/podman.sh
podman_ready "$folder"
command -v podman-compose >/dev/null || {
  echo 'skipped: podman-compose is not installed'
  exit 77
}
ensure_base "$folder"
project=firstline-test-$$
file=$folder/compose.yaml

compose() {
  (cd "$folder" && podman-compose --project-name "$project" --file compose.yaml "$@")
}
# shellcheck disable=SC2317  # reached through the trap
clean_up() {
  compose down --volumes >/dev/null 2>&1 || true
}
trap clean_up EXIT
fail() {
  echo "compose_test: $*"
  for service in redis router-0 load prometheus; do
    echo "--- $service"
    podman logs --tail 5 "${project}_${service}_1" 2>&1 || true
  done
  exit 1
}
await() {
  local tries=90
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "in vain: $*"
    sleep 0.5
  done
}

# stand_in NAME PACKAGES DIRECTIVES: builds an image from Debian's package unless NAME is there.
stand_in() {
  podman image exists "$1" && return 0
  echo "$1 is not there: Debian's $2 stands in"
  local apt='DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends'
  local from='FROM docker.io/library/debian:trixie-slim'
  printf '%s\nRUN apt-get update && %s %s\n%s\n' "$from" "$apt" "$2" "$3" |
    podman build --quiet --network=host --tag "$1" - >>"$folder/stand-ins.log" 2>&1
}
stand_in docker.io/library/redis:7.2 redis-server 'USER redis'
stand_in docker.io/prom/prometheus:v2.53.0 prometheus 'USER root
ENTRYPOINT ["prometheus", "--config.file=/etc/prometheus/prometheus.yml", \
  "--storage.tsdb.path=/prometheus"]'

# The file itself, but for what is built, published, or has no image here.
podman tag "$image" docker.io/library/firstline:0.1.0 localhost/firstline:0.1.0
sed -e '/^ *ports:/d' -e '/^  build:/d' -e "s|'\./|'$PWD/deploy/|g" \
  -e 's|image: firstline:|image: localhost/firstline:|' \
  -e '/^  alertmanager:/,/^$/d' -e '/^  grafana:/,/^$/d' deploy/compose.yaml >"$file"
compose up --detach >"$folder/compose.log" 2>&1 || fail "$(tail -n 5 "$folder/compose.log")"

inside() {
  podman exec "${project}_router-1_1" firstline --server router-0:7600,router-1:7600 "$@"
}
submitted() { [ "$(inside -w demo queue stats -o json | grep -c '"submitted": "[1-9]')" -ge 1 ]; }
await submitted
prometheus_says() {
  podman exec "${project}_prometheus_1" promtool query instant http://localhost:9090 "$1" |
    grep -q "$2"
}
await prometheus_says 'sum(up{job="firstline"})' '=> 2 '
await prometheus_says 'sum(firstline_inquiries_submitted_total) > 0' '=>'
await prometheus_says 'count(firstline_workspace_owned == 1)' '=> 1 '
if prometheus_says 'ALERTS{alertstate="firing"}' alertname; then fail 'an alert fires at once'; fi
echo 'compose_test: passed'
