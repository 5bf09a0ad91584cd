#!/bin/sh
# What callers notice when routers go, come, or forward: measures it with real routers and a real
# Redis, and says which targets are met.
#
#   tests/bench/failover.sh [--quick] [--rounds N] [--programs DIR] [--out DIR] [--only NAME] ...
#                           [--check]
#
#   --quick         one short round of everything: whether it works, not how well
#   --rounds N      how often each thing is measured (5)
#   --programs DIR  build nothing and take what is in DIR, such as build/release
#   --out DIR       where the results go (build/bench)
#   --check         judge what must hold on any machine: no call failed, nothing that was acknowledged is
#                   lost or happened twice
#   --only NAME     handover, crash, scaling, forwarding or throughput; may be repeated
#
# Writes failover.json and failover.md and prints the latter. A full run takes ten minutes and wants
# a machine that does nothing else.
# Exit codes: 0 measured, whatever came out, and with --check it held; 1 something failed or did not
# hold; 2 wrong usage.
set -eu
cd "$(dirname "$0")/../.."

case " $* " in
  *' --help '* | *' -h '*)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' tests/bench/failover.sh
    exit 0
    ;;
  *' --programs'*) ;;
  *)
    cmake --preset release >/dev/null
    cmake --build --preset release --target firstline-router bench_callers
    set -- "$@" --programs build/release
    ;;
esac
exec python3 -B tests/bench/failover.py "$@"
