#!/bin/sh
# Installs the Debian packages that Firstline needs, those that are missing.
#
#   deploy/install_packages.sh [--runtime] [--build] [--test]     (none: all three)
#
# Does nothing and asks for nothing when they are there. Needs root or sudo otherwise. Starts no
# service: a redis-server or prometheus that the machine runs already is left alone, and one that
# comes with these packages is not started.
set -eu

# Running the router and the quick start from built binaries.
runtime='redis-server redis-tools'

# Compiling everything but the tests' tools.
build='g++ cmake ninja-build ccache lld pkg-config
  libgrpc++-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev libssl-dev
  libhiredis-dev libjemalloc-dev prometheus-cpp-dev libabsl-dev libyaml-cpp-dev libcli11-dev libspdlog-dev
  libboost-dev nlohmann-json3-dev libgtest-dev libgmock-dev libbenchmark-dev'

# Running every test: sanitizers, fuzzers, linters, promtool. Node is for the linter of the protos.
test='git python3 curl jq shellcheck prometheus clang-14 clang-tidy-14 libclang-rt-14-dev
  libfuzzer-14-dev nodejs npm'

usage() {
  sed -n '2,8s/^# \{0,1\}//p' "$0"
}

fail() {
  echo "install_packages: $*" >&2
  exit 1
}

wanted=''
for argument in "$@"; do
  case "$argument" in
    --runtime) wanted="$wanted $runtime" ;;
    --build) wanted="$wanted $build" ;;
    --test) wanted="$wanted $test" ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      usage >&2
      fail "unknown argument $argument"
      ;;
  esac
done
[ -n "$wanted" ] || wanted="$runtime $build $test"

for tool in dpkg-query apt-get; do
  command -v "$tool" >/dev/null || fail "needs a Debian system: $tool is absent"
done

is_there() {
  # Node from elsewhere than Debian serves as well, and brings an npm that conflicts with Debian's.
  case "$1" in
    nodejs) command -v node >/dev/null && return 0 ;;
    npm) command -v npm >/dev/null && return 0 ;;
  esac
  status=$(dpkg-query -W -f '${Status}' "$1" 2>/dev/null) || return 1
  [ "$status" = 'install ok installed' ]
}

missing=''
for package in $wanted; do
  is_there "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "install_packages: installing$missing" >&2
as_root=''
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || fail "run it as root, or install sudo; missing:$missing"
  # Without a terminal sudo must not wait for a password that nobody will type.
  as_root='sudo'
  [ -t 0 ] || as_root='sudo -n'
fi

# Debian starts services while installing them unless policy-rc.d says no. Ours exists for the time
# of the installation only, and only where the machine has none of its own.
policy=/usr/sbin/policy-rc.d
log=$(mktemp)
policy_is_ours=''
clean_up() {
  rm -f "$log"
  [ -z "$policy_is_ours" ] || $as_root rm -f "$policy"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ ! -e "$policy" ]; then
  policy_is_ours=1
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
  $as_root chmod 755 "$policy"
fi

run_apt() {
  $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q -y \
    -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" >"$log" 2>&1 </dev/null
}

run_apt update || {
  cat "$log" >&2
  fail 'apt-get update failed; is there a network?'
}
# shellcheck disable=SC2086 # A list of words.
run_apt install --no-install-recommends $missing || {
  tail -n 30 "$log" >&2
  fail "apt-get could not install:$missing"
}

# A service that is enabled would start at the next boot: with these packages come tools, not daemons.
if [ -d /run/systemd/system ]; then
  for service in redis-server prometheus; do
    case " $missing " in
      *" $service "*) $as_root systemctl disable --quiet "$service" 2>/dev/null || true ;;
    esac
  done
fi
