#!/bin/sh
# Builds and tests everything, from a clean clone on a Debian machine.
#
#   tests/run.sh [--fast | --long] [--bench] [--no-install]
#
#   (none)        every test but the long ones in the preset dev, then those that need no gRPC in the
#                 preset asan (address and undefined-behaviour sanitizer), of these the ones that
#                 start threads in the preset tsan (thread sanitizer), and the fuzzers
#   --fast        the preset dev only
#   --long        the long tests as well, and all tests in the preset asan
#   --bench       the benchmarks as well, in the preset release; results in build/bench/*.json
#   --no-install  do not look for missing packages
#
# Everything stays in build/. All tests run in one ctest, whose summary is the last thing printed.
# FIRSTLINE_JOBS sets how many compilers run at a time (as many as there are cores); of tests it is
# half as many more, because many of them wait most of the time.

set -eu
cd "$(dirname "$0")/.."
exec </dev/null

fast='' long='' bench='' install=1
for argument in "$@"; do
  case "$argument" in
    --fast) fast=1 ;;
    --long) long=1 ;;
    --bench) bench=1 ;;
    --no-install) install='' ;;
    -h | --help)
      sed -n '2,/^$/s/^# \{0,1\}//p' tests/run.sh
      exit 0
      ;;
    *)
      echo "tests/run.sh: unknown argument $argument (--help tells which there are)" >&2
      exit 2
      ;;
  esac
done
jobs=${FIRSTLINE_JOBS:-$(nproc)}
failed=''
presets=''

say() {
  printf '\n== %s  %s\n' "$(date +%H:%M:%S)" "$*"
}

# build PRESET [TARGET [CONFIGURE OPTION]]: configures and builds. A failure is remembered, and what comes after it is
# still tried: the summary then shows the tests that could not be built.
build() {
  say "build $*"
  log=build/$1.configure.log
  if ! cmake --preset "$1" ${3:+"$3"} >"$log" 2>&1; then
    cat "$log"
    failed="$failed configure:$1"
  elif ! cmake --build --preset "$1" --parallel "$jobs" ${2:+--target "$2"}; then
    failed="$failed build:$1"
  fi
}

run_benchmarks() {
  build release
  mkdir -p build/bench
  for binary in build/release/tests/bench/*_bench; do
    [ -x "$binary" ] || continue
    name=$(basename "$binary")
    say "benchmark $name"
    "$binary" --benchmark_out="build/bench/$name.json" --benchmark_out_format=json ||
      failed="$failed benchmark:$name"
  done
}

# One ctest over the build folders of all presets, hence one summary.
run_tests() {
  mkdir -p build/all
  for preset in $presets; do
    echo "subdirs(\"$PWD/build/$preset\")"
  done >build/all/CTestTestfile.cmake
  set -- ctest --test-dir build/all --output-on-failure --no-tests=error --parallel "$((jobs + jobs / 2))"
  [ -n "$long" ] || set -- "$@" --label-exclude '^long$'
  # gcc 12's thread sanitizer wants fewer random bits in addresses than newer kernels use; where a
  # container forbids switching them off, it has to do without.
  machine=$(uname -m)
  if setarch "$machine" --addr-no-randomize true 2>/dev/null; then
    set -- setarch "$machine" --addr-no-randomize "$@"
  fi
  export UBSAN_OPTIONS="print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
  export TSAN_OPTIONS="second_deadlock_stack=1${TSAN_OPTIONS:+:$TSAN_OPTIONS}"
  say "test$presets"
  "$@"
}

if [ -n "$install" ]; then
  deploy/install_packages.sh
fi
mkdir -p build
presets=' dev'
build dev
if [ -z "$fast" ]; then
  presets="$presets asan tsan fuzz"
  if [ -n "$long" ]; then
    build asan
  else
    build asan all -DFIRSTLINE_WITH_GRPC=OFF
  fi
  build tsan tests
  build fuzz fuzzers
fi
if [ -n "$bench" ]; then
  run_benchmarks
fi
if [ -n "$failed" ]; then
  say "FAILED before the tests:$failed"
fi
run_tests && [ -z "$failed" ]
