#!/bin/sh
# The dashboards are those of their source and keep the rules of Grafana's linter.
set -eu
cd "$(dirname "$0")/../../.."
deploy/grafana/generate.py --check
python3 -B tests/ops/grafana/lint.py
python3 -B tests/ops/grafana/lint_self_test.py
