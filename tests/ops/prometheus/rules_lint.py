"""Alerts are complete: words, a section of the runbook, tests both ways, metrics that exist.

    python3 tests/ops/prometheus/rules_lint.py

Run in the root of the repository. Reads the rules as text: they are written one key a line.
"""

import pathlib
import re
import sys

RULES = pathlib.Path("deploy/prometheus/rules")
RUNBOOK = pathlib.Path("deploy/prometheus/RUNBOOK.md")
METRICS = pathlib.Path("services/router/telemetry/METRICS.md")
TESTS = pathlib.Path("tests/ops/prometheus")

SUFFIXES = ("_bucket", "_sum", "_count")


def blocks(text, kind):
    """[(name, text)] of every `- alert:` or `- record:`."""
    found = re.split(rf"\n *- {kind}: *", text)[1:]
    return [(block.split("\n", 1)[0].strip(), re.split(r"\n *- (?:alert|record|name):", block)[0])
            for block in found]


def metric_names(text):
    """Names of the router's metrics that the documentation lists."""
    return set(re.findall(r"`((?:firstline|grpc_server|exposer)_[a-z_]+)`", text))


def unknown_metrics(text, known):
    """Names in expressions that are neither documented nor recorded (recorded ones have colons)."""
    names = set(re.findall(r"(?<![\w:])((?:firstline|grpc_server|exposer)_[a-z_]+)(?![\w:])", text))
    for suffix in SUFFIXES:
        names = {name.removesuffix(suffix) if name.removesuffix(suffix) in known else name
                 for name in names}
    return names - known


def expectations(tests, alert):
    """Labels of every ALERTS sample that a test expects to fire for this alert, and whether a test
    expects none."""
    fires = [set(re.findall(r"(\w+)=\"", labels)) for labels in
             re.findall(r"labels: 'ALERTS\{(.*?)\}'", tests) if f'alertname="{alert}"' in labels]
    quiet = False
    for block in re.split(r"\n *- expr: ", tests)[1:]:
        if re.search(rf'alertname=~?"[^"]*\b{alert}\b', block.split("\n")[0]):
            quiet = quiet or "exp_samples: []" in block.split("- name:")[0]
    return fires, quiet


def check_alert(name, text, runbook, tests):
    findings = []
    for key in ("summary", "description", "runbook"):
        if not re.search(rf"\n *{key}: *\S", text):
            findings.append(f"{name}: no {key}")
    severity = re.search(r"severity: (\w+)", text)
    if not severity or severity.group(1) not in ("page", "ticket"):
        findings.append(f"{name}: severity is neither page nor ticket")
    if f"RUNBOOK.md#{name.lower()}" not in text:
        findings.append(f"{name}: runbook does not lead to its section")
    if f"\n### {name}\n" not in runbook:
        findings.append(f"{name}: no section in {RUNBOOK}")
    fires, quiet = expectations(tests, name)
    if not fires:
        findings.append(f"{name}: no test in which it fires")
    if not quiet:
        findings.append(f"{name}: no test in which it does not fire")
    used = set(re.findall(r"\$labels\.(\w+)", text))
    for labels in fires:
        for label in sorted(used - labels):
            findings.append(f"{name}: its text names the label {label}, which it does not have")
    return findings


def check():
    rules = "\n".join(path.read_text() for path in sorted(RULES.glob("*.yaml")))
    tests = "\n".join(path.read_text() for path in sorted(TESTS.glob("*.test.yaml")))
    runbook = RUNBOOK.read_text()
    known = metric_names(METRICS.read_text()) | {"exposer_scrapes_total"}
    findings = [f"{name} is not in {METRICS}" for name in
                sorted(unknown_metrics(re.sub(r"#.*", "", rules), known))]
    alerts = blocks(rules, "alert")
    for name, text in alerts:
        findings += check_alert(name, text, runbook, tests)
    for section in re.findall(r"\n### (\w+)\n", runbook):
        if section not in dict(alerts):
            findings.append(f"{RUNBOOK}: section {section} belongs to no alert")
    recorded = {name for name, _ in blocks(rules, "record")}
    used = set(re.findall(r"\w+:\w+:\w+", re.sub(r"- record: .*|#.*", "", rules)))
    for name in sorted(used - recorded):
        findings.append(f"{name} is used and not recorded")
    return findings, len(alerts), len(recorded)


if __name__ == "__main__":
    found, alert_count, record_count = check()
    for finding in found:
        print(finding)
    print(f"{alert_count} alerts, {record_count} recording rules, {len(found)} finding(s)")
    sys.exit(1 if found else 0)
