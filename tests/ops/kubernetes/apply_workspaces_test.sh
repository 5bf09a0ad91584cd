#!/bin/bash
# apply-workspaces.sh, on a folder that changes as kubelet changes a mounted ConfigMap, before a
# real router.
#
#   tests/ops/kubernetes/apply_workspaces_test.sh PROGRAMS       the folder `services` of a build
set -euo pipefail
cd "$(dirname "$0")/../../.."
programs=$(cd "$1" && pwd)
scratch=$(mktemp -d)
router='' applier=''
# shellcheck disable=SC2317  # reached through the trap
clean_up() {
  [ -z "$applier" ] || kill "$applier" 2>/dev/null || true
  [ -z "$router" ] || kill "$router" 2>/dev/null || true
  wait || true
  rm -rf "$scratch"
}
trap clean_up EXIT

fail() {
  echo "apply_workspaces_test: $*"
  cat "$scratch/applier.log"
  exit 1
}

# shellcheck source=tests/ops/await.sh
. tests/ops/await.sh

# What kubelet does: a new folder, a new link to it, and one rename over ..data. $1: its name.
folder=$scratch/mount
mkdir -p "$folder"
publish() {
  local old
  old=$(readlink "$folder/..data" || true)
  mv "$scratch/next" "$folder/..$1"
  ln -s "..$1" "$folder/..data_tmp"
  mv -T "$folder/..data_tmp" "$folder/..data"
  for file in "$folder/..data"/*; do
    ln -sfn "..data/$(basename "$file")" "$folder/$(basename "$file")"
  done
  [ -z "$old" ] || rm -rf "${folder:?}/$old"
}
workspace() {
  mkdir -p "$scratch/next"
  sed "s/^id: .*/id: $1/; s/first_response_target: .*/first_response_target: $2/" \
    deploy/kubernetes/overlays/dev/workspaces/hello.yaml >"$scratch/next/$1.yaml"
}
target_is() { # WORKSPACE SECONDS
  firstline -w "$1" config get | grep -q "first_response_target: .*$2"
}
told() { grep -q "$1" "$scratch/applier.log"; }

export PATH="$programs/cli:$PATH" FIRSTLINE_CONFIG_PERIOD=0.1

# The applier is there before the router is.
workspace hello 50s
publish first
"$programs/router/firstline-router" --listen=127.0.0.1:0 --metrics-listen=none \
  --port-file="$scratch/ports" >"$scratch/router.log" 2>&1 &
router=$!
await test -s "$scratch/ports"
FIRSTLINE_SERVER=127.0.0.1:$(head -n 1 "$scratch/ports")
export FIRSTLINE_SERVER
kill -STOP "$router"
sh deploy/kubernetes/base/apply-workspaces.sh "$folder" >"$scratch/applier.log" 2>&1 &
applier=$!
await told 'no router answers; trying again'
kill -CONT "$router"
await target_is hello 50s

# A change reaches the router, and so does a second workspace.
workspace hello 45s
workspace other 30s
publish second
await target_is hello 45s
await target_is other 30s

# A file that is wrong is told; what is in force stays, and the other file is not held up by it.
workspace hello soon
workspace other 20s
publish third
await told 'hello.yaml was refused'
await target_is other 20s
target_is hello 45s || fail 'a wrong file changed something'

# A file as it was before is one more change: the way back.
workspace hello 50s
workspace other 20s
publish fourth
await target_is hello 50s

kill -TERM "$applier"
code=0
wait "$applier" || code=$?
applier=''
[ "$code" -eq 0 ] || fail "exit code $code on SIGTERM"
echo 'apply_workspaces_test: passed'
