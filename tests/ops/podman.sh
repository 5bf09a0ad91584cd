#!/bin/sh
# Podman as it works on a machine that has no Docker engine, maybe itself a container: sourced by
# tests.
#
#   podman_ready FOLDER     sets CONTAINERS_CONF; 77 when it cannot be had
#   ensure_base FOLDER      debian:trixie-slim, made by mmdebstrap if need be

podman_ready() {
  for tool in podman runc; do
    command -v "$tool" >/dev/null || {
      echo "skipped: $tool is not installed"
      exit 77
    }
  done
  [ "$(id -u)" -eq 0 ] || {
    echo 'skipped: needs root'
    exit 77
  }
  mkdir -p "$1"
  # Limits that need no privilege to set; runc, because crun refuses hybrid control groups.
  cat >"$1/containers.conf" <<'EOF'
[containers]
default_ulimits=["nofile=1024:1024","nproc=1024:1024"]
log_driver="k8s-file"
[engine]
runtime="runc"
cgroup_manager="cgroupfs"
events_logger="file"
[network]
network_backend="netavark"
EOF
  CONTAINERS_CONF=$(realpath "$1/containers.conf")
  export CONTAINERS_CONF
}

# The image that the Dockerfile begins with. Where no registry of images is reached, Debian's own
# packages make one like it.
ensure_base() {
  base=docker.io/library/debian:trixie-slim
  podman image exists "$base" && return 0
  command -v mmdebstrap >/dev/null || {
    echo 'skipped: mmdebstrap is not installed'
    exit 77
  }
  mmdebstrap --quiet --variant=minbase trixie "$1/trixie.tar" http://deb.debian.org/debian
  podman import --quiet "$1/trixie.tar" "$base"
  rm -f "$1/trixie.tar"
}
