#!/bin/sh
# Prometheus accepts the rules, and every alert fires when it should and not when it should not.
set -eu
cd "$(dirname "$0")/../../.."
command -v promtool >/dev/null || {
  echo 'promtool is not installed (Debian: prometheus)'
  exit 77
}
promtool check rules deploy/prometheus/rules/*.yaml
promtool test rules tests/ops/prometheus/*.test.yaml
python3 -B tests/ops/prometheus/rules_lint.py
