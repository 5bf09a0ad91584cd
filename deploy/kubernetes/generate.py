#!/usr/bin/env python3
"""Writes what components repeat of other folders, because kustomize reads no file outside its own.

    deploy/kubernetes/generate.py            writes
    deploy/kubernetes/generate.py --check    writes nothing; 1 when a file is not what it would be

components/monitoring/prometheusrule.yaml is deploy/prometheus/rules; components/redis/redis.conf is
deploy/redis/redis.conf.
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
DEPLOY = HERE.parent

HEAD = """# Written by generate.py from deploy/prometheus/rules: change it there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: firstline
  labels: {app.kubernetes.io/name: firstline, app.kubernetes.io/part-of: firstline}
spec:
  groups:
"""


def prometheus_rule():
    """The groups of every file of rules, moved below spec."""
    text = HEAD
    for path in sorted((DEPLOY / "prometheus/rules").glob("*.yaml")):
        _, groups = path.read_text().split("\ngroups:\n")
        text += "".join(f"  {line}" if line.strip() else line
                        for line in groups.splitlines(keepends=True))
    return text


def main(check):
    wanted = {HERE / "components/monitoring/prometheusrule.yaml": prometheus_rule(),
              HERE / "components/redis/redis.conf": (DEPLOY / "redis/redis.conf").read_text()}
    stale = [path for path, text in wanted.items()
             if not path.exists() or path.read_text() != text]
    for path in stale:
        if not check:
            path.write_text(wanted[path])
        print(path.relative_to(DEPLOY.parent),
              "is not what generate.py writes" if check else "written")
    sys.exit(1 if check and stale else 0)


if __name__ == "__main__":
    main(sys.argv[1:] == ["--check"])
