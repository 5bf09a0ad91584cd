#!/bin/sh
# How much of the machine Firstline makes use of: measures it beside what gRPC and Redis can do
# alone, and beside what people would pick instead, in one run.
#
#   tests/bench/run.sh [--quick] [--rounds N] [--window-ms N] [--programs DIR] [--out DIR]
#                      [--only TEXT] ...
#
#   --quick         one short round of everything: whether it works, not how fast it is
#   --rounds N      how often each contender is measured, by turns (5); medians are shown
#   --window-ms N   how long (2000)
#   --programs DIR  build nothing and take what is in DIR, such as build/release
#   --out DIR       where the results go (build/bench)
#   --only TEXT     only contenders whose name contains TEXT; may be repeated
#
# Writes contenders.json and contenders.md and prints the latter. BullMQ comes from npm; where that
# cannot be had it is left out with a message. A full run takes ten minutes and wants a machine that
# does nothing else.
# Exit codes: 0 measured, whatever came out; 1 something failed or was lost; 2 wrong usage.
set -eu
cd "$(dirname "$0")/../.."

case " $* " in
  *' --help '* | *' -h '*)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' tests/bench/run.sh
    exit 0
    ;;
  *' --programs'*) ;;
  *)
    cmake --preset release >/dev/null
    cmake --build --preset release --target firstline-router bench_load bench_credentials \
      bench_echo_server bench_commit bench_lua_matching
    set -- "$@" --programs build/release
    ;;
esac
exec python3 -B tests/bench/run_bench.py "$@"
