#!/bin/bash
# Everything of deploy/ that needs more than tests/run.sh has: real Prometheus and Alertmanager,
# images, Kubernetes' schemas, Grafana's types, pictures.
#
#   tests/ops.sh [--no-install] [--programs DIR] [--image NAME | --no-image] [--pictures] [PART ...]
#
#   --no-install    do not look for missing packages
#   --programs DIR  build nothing and take what is in DIR, such as build/dev/services
#   --image NAME    take an image that is there; building one takes a quarter of an hour
#   --no-image      leave out what needs an image
#   --pictures      draw the pictures of deploy/grafana/pictures anew
#   PART            rules dashboards workspaces acl alerting rolling panels schema manifests
#                   container play compose; all of them unless named
#
# Needs Debian, npm for what judges, root for packages and containers. What cannot be done here is
# skipped and said so. Everything stays in build/ops. Exit codes: 0 nothing failed, 1 something did,
# 2 wrong usage.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

packages='redis-server redis-tools prometheus prometheus-alertmanager curl python3'
container_packages='podman runc catatonit netavark aardvark-dns iptables mmdebstrap podman-compose'
picture_packages='chromium fonts-dejavu-core pngquant'
modules='@grafana/schema@13.2.3 typescript@5.9.3 kubernetes-types@1.30.0 kubernetes-models@5.1.0
  @kubernetes-models/prometheus-operator@6.0.0 yaml@2.9.1 uplot@1.6.32 @bufbuild/buf@1.75.0'
# Its dependencies are many, and only one of its files is read.
units=@grafana/data@13.2.3

install=1 programs='' image='' with_image=1 pictures=''
parts=()
while [ $# -gt 0 ]; do
  case "$1" in
    --no-install) install='' ;;
    --no-image) with_image='' ;;
    --pictures) pictures=1 ;;
    --programs | --image)
      [ $# -ge 2 ] || { echo "tests/ops.sh: $1 needs a value" >&2; exit 2; }
      if [ "$1" = --image ]; then image=$2; else programs=$2; fi
      shift
      ;;
    -h | --help)
      sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' tests/ops.sh
      exit 0
      ;;
    rules | dashboards | workspaces | acl | alerting | rolling | panels | schema | manifests | \
      container | play | compose)
      parts+=("$1")
      ;;
    *)
      echo "tests/ops.sh: unknown argument $1 (--help tells which there are)" >&2
      exit 2
      ;;
  esac
  shift
done

out=build/ops
mkdir -p "$out"
summary=() failed=''

say() {
  printf '\n== %s  %s\n' "$(date +%H:%M:%S)" "$*"
}

wanted() {
  [ ${#parts[@]} -eq 0 ] && return 0
  local part
  for part in "${parts[@]}"; do [ "$part" = "$1" ] && return 0; done
  return 1
}

skip() {
  summary+=("skipped  $1: $2")
}

# run PART COMMAND...: 77 means that it could not be run here; its last line says why.
run() {
  local part=$1 code=0
  shift
  wanted "$part" || return 0
  say "$part"
  "$@" 2>&1 | tee "$out/$part.log" || code=${PIPESTATUS[0]}
  case "$code" in
    0) summary+=("passed   $part") ;;
    77) skip "$part" "$(tail -n 1 "$out/$part.log")" ;;
    *)
      summary+=("FAILED   $part (exit code $code)")
      failed=1
      ;;
  esac
}

install_packages() {
  local missing='' package
  # shellcheck disable=SC2086 # A list of words.
  for package in $packages ${with_image:+$container_packages} ${pictures:+$picture_packages}; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' ||
      missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  say "installing$missing"
  # No service of these is started: tests start their own.
  local policy=/usr/sbin/policy-rc.d ours=''
  if [ ! -e "$policy" ]; then
    ours=1
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
  fi
  # shellcheck disable=SC2086 # A list of words.
  { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install \
    --no-install-recommends $missing; } >"$out/apt.log" 2>&1 ||
    echo "not installed (see $out/apt.log); what needs them is skipped"
  [ -z "$ours" ] || rm -f "$policy"
}

# npm's part of what judges, in build/ops/npm.
fetch_modules() {
  command -v npm >/dev/null || return 1
  [ -e "$out/npm/complete" ] && return 0
  mkdir -p "$out/npm"
  echo '{"private": true, "type": "module"}' >"$out/npm/package.json"
  # shellcheck disable=SC2086 # A list of words.
  (cd "$out/npm" && timeout 300 npm install --no-audit --no-fund --silent $modules &&
    timeout 120 npm pack --silent "$units" && touch complete) >"$out/npm.log" 2>&1
}

[ -z "$install" ] || [ "$(id -u)" -ne 0 ] || install_packages
if [ -z "$programs" ]; then
  say 'build'
  [ -z "$install" ] || deploy/install_packages.sh --runtime --build
  cmake --preset dev >"$out/configure.log" &&
    cmake --build --preset dev --target firstline-router firstline firstline-demo || exit 1
  programs=build/dev/services
fi
judges=''
if fetch_modules; then judges=1; else echo 'npm has nothing for us; what needs it is skipped'; fi

run rules tests/ops/prometheus/rules_test.sh
run dashboards tests/ops/grafana/dashboards_test.sh
run workspaces tests/ops/kubernetes/apply_workspaces_test.sh "$programs"
run acl tests/ops/redis_acl_test.sh "$programs"
run alerting tests/ops/live/alerting_test.py "$programs"
run rolling tests/ops/live/rolling_update_test.py "$programs"
run panels tests/ops/live/dashboards_test.py "$programs"

rendered=''
if wanted manifests || wanted play; then
  say 'kustomize'
  if tests/ops/kubernetes/render.sh "$out/rendered"; then rendered=1; fi
fi
if [ -n "$judges" ]; then
  run schema node tests/ops/grafana/schema.mjs "$out/npm"
  if [ -n "$rendered" ]; then
    run manifests node tests/ops/kubernetes/manifests.mjs "$out/npm" \
      "$out/rendered/dev.yaml" "$out/rendered/production.yaml" \
      "$out/rendered/production-tokens.yaml"
  else
    skip manifests 'no kustomize'
  fi
  [ -z "$pictures" ] ||
    run pictures tests/ops/grafana/pictures.py "$programs" "$out/npm" deploy/grafana/pictures
else
  skip 'schema, manifests' 'npm or its registry is not there'
fi

if [ -z "$with_image" ]; then
  skip 'container, play, compose' '--no-image'
else
  if [ -n "$image" ]; then
    run container tests/ops/container_test.sh "$out/podman" --image "$image"
  else
    run container tests/ops/container_test.sh "$out/podman"
    image=localhost/firstline:test
  fi
  if [ -n "$rendered" ] && [ -n "$judges" ]; then
    run play tests/ops/kubernetes/play_test.py "$out/podman" "$out/npm" "$out/rendered/dev.yaml" \
      "$image" "$programs"
  else
    skip play 'no kustomize, or nothing from npm'
  fi
  run compose tests/ops/compose_test.sh "$out/podman" "$image"
fi
skip 'a real Grafana, a real cluster' 'neither is in Debian; see section 8 of deploy/README.md'

say 'summary'
printf '%s\n' "${summary[@]}"
[ -z "$failed" ]
