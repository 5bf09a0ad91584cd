#!/bin/sh
# Renders every overlay into a folder, one file each.
#
#   tests/ops/kubernetes/render.sh FOLDER
#
# With kustomize, or kubectl, whichever is there; otherwise with the kustomize of Debian 13, whose
# package is unpacked into FOLDER and not installed. Exit code 77: none of these.
set -eu
cd "$(dirname "$0")/../../.."
out=$1
mkdir -p "$out"

fetch_kustomize() {
  [ -x "$out/unpacked/usr/bin/kustomize" ] && return 0
  mkdir -p "$out/apt/lists/partial" "$out/apt/archives/partial"
  keys=/usr/share/keyrings/debian-archive-keyring.gpg
  echo "deb [signed-by=$keys] http://deb.debian.org/debian trixie main" >"$out/apt/sources.list"
  set -- -q -o Dir::Etc::SourceParts=- \
    -o Dir::Etc::SourceList="$(realpath "$out/apt/sources.list")" \
    -o Dir::State::Lists="$(realpath "$out/apt/lists")" \
    -o Dir::Cache="$(realpath "$out/apt")" -o APT::Sandbox::User=root
  apt-get "$@" update >/dev/null || return 1
  (cd "$out/apt" && apt-get "$@" download kustomize >/dev/null) || return 1
  dpkg-deb -x "$out"/apt/kustomize_*.deb "$out/unpacked"
}

if command -v kustomize >/dev/null; then
  set -- kustomize build
elif command -v kubectl >/dev/null && kubectl kustomize --help >/dev/null 2>&1; then
  set -- kubectl kustomize
elif fetch_kustomize; then
  set -- "$out/unpacked/usr/bin/kustomize" build
else
  echo 'skipped: neither kustomize nor kubectl, and Debian 13 cannot be reached'
  exit 77
fi
for overlay in deploy/kubernetes/overlays/*/; do
  "$@" "$overlay" >"$out/$(basename "$overlay").yaml"
done
