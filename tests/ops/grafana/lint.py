"""Dashboards keep the rules that Grafana's dashboard-linter asks for, and some of our own.

    python3 tests/ops/grafana/lint.py [FOLDER]      deploy/grafana/dashboards unless told

Of the linter: one templated data source; variables job and instance, used by every query; title,
description, unit and data source of every panel; queries that parse; $__rate_interval; counters
only inside rate or increase; variables that follow the time range; not editable. Ours: metrics
exist, panels do not overlap, ids are unique, histograms keep le. A range of $window instead of
$__rate_interval is allowed where .lint names the dashboard.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

METRICS = pathlib.Path("services/router/telemetry/METRICS.md")
# Of Grafana's list those we use; the schema check compares them with the whole list.
UNITS = {"short", "s", "percentunit", "bytes", "Bps", "cpm", "ops", "reqps"}
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
KINDS = {"row", "stat", "timeseries", "heatmap", "table", "bargauge"}


def check_variables(board):
    variables = {one["name"]: one for one in board["templating"]["list"]}
    sources = [one for one in variables.values() if one["type"] == "datasource"]
    names = [(one["name"], one["label"]) for one in sources]
    if names != [("datasource", "Data Source")]:
        yield "variables: not precisely one data source, named datasource, labelled Data Source"
    for name in ("job", "instance"):
        one = variables.get(name)
        if one is None:
            yield f"variables: no {name}"
        elif not (one["multi"] and one["includeAll"] and one["allValue"] == ".+"
                  and one["label"] == name.capitalize()):
            yield f"variables: {name} is not multi, all .+, labelled {name.capitalize()}"
    for one in variables.values():
        if one["type"] != "query":
            continue
        if one["datasource"] != DATASOURCE:
            yield f"variables: {one['name']} has a data source of its own"
        if one["refresh"] != 2:
            yield f"variables: {one['name']} does not follow the time range"


def check_panel(panel):
    if not panel.get("title"):
        yield "no title"
    if panel["type"] not in KINDS:
        yield f"unknown kind {panel['type']}"
    if panel["type"] == "row":
        return
    if not panel.get("description"):
        yield "no description"
    if panel.get("datasource") != DATASOURCE:
        yield "data source is not the variable"
    if panel["fieldConfig"]["defaults"].get("unit") not in UNITS:
        yield f"unit {panel['fieldConfig']['defaults'].get('unit')}"
    for override in panel["fieldConfig"]["overrides"]:
        for item in override["properties"]:
            if item["id"] == "unit" and item["value"] not in UNITS:
                yield f"unit {item['value']}"
    if not panel.get("targets"):
        yield "no query"


def check_target(target, window_allowed, variables):
    expr = target["expr"]
    if target.get("datasource") != DATASOURCE:
        yield "data source is not the variable"
    for selector in re.findall(r"\w+\{[^}]*\}", expr):
        for name in ("job", "instance"):
            if f'{name}=~"${name}"' not in selector:
                yield f"no {name}=~\"${name}\" in {selector}"
    bare = re.sub(r"\{[^}]*\}", "{}", expr)
    for name in re.findall(r"\b((?:firstline|grpc_server|exposer)_\w+|up)\b(?!\{)", bare):
        yield f"{name} without selectors"
    for span in re.findall(r"(?:rate|irate|increase)\(\w+\{\}\[([^]]*)\]", bare):
        if span != "$__rate_interval" and not (span == "$window" and window_allowed):
            yield f"range [{span}] instead of [$__rate_interval]"
    for found in re.finditer(r"\w+(?:_total|_bucket|_sum|_count)\{\}", bare):
        before = bare[:found.start()]
        if not re.search(r"(?:rate|irate|increase|resets)\($", before):
            yield f"counter {found.group(0)} outside rate and increase"
    for name in re.findall(r"\$(\w+)", expr):
        if name != "__rate_interval" and name not in variables:
            yield f"unknown variable ${name}"
    if "histogram_quantile" in expr and not re.search(r"by \([^)]*\ble\)", expr):
        yield "histogram_quantile over something without le"


def check_places(board):
    taken = {}
    for panel in board["panels"]:
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            yield f"{panel['title']}: wider than 24 columns"
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if (x, y) in taken:
                    yield f"{panel['title']}: over {taken[x, y]}"
                    return
                taken[x, y] = panel["title"]
    ids = [panel["id"] for panel in board["panels"]]
    if len(ids) != len(set(ids)):
        yield "ids are not unique"


def check_metrics(board, known):
    text = json.dumps(board)
    for name in sorted(set(re.findall(r"\b((?:firstline|grpc_server|exposer)_[a-z_]+)\{", text))):
        if name not in known and re.sub(r"_(bucket|sum|count)$", "", name) not in known:
            yield f"{name} is not in {METRICS}"


def check_promql(boards):
    """Prometheus' own parser reads every query."""
    if shutil.which("promtool") is None:
        return
    rules = []
    for name, board in boards.items():
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                expr = target["expr"].replace("$__rate_interval", "5m").replace("$window", "1h")
                rules.append({"record": f"q{len(rules)}", "expr": expr,
                              "labels": {"at": f"{name}: {panel['title']}"}})
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"groups": [{"name": "all", "rules": rules}]}, file)
        file.flush()
        result = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True,
                                text=True, check=False)
    if result.returncode:
        yield result.stdout + result.stderr


def check_board(name, board, known, window_allowed):
    if board.get("editable") is not False:
        yield "editable"
    if not re.fullmatch(r"[a-z0-9-]{1,40}", board.get("uid", "")):
        yield "uid"
    yield from check_variables(board)
    yield from check_places(board)
    yield from check_metrics(board, known)
    variables = {one["name"] for one in board["templating"]["list"]}
    for panel in board["panels"]:
        for finding in check_panel(panel):
            yield f"{panel.get('title')}: {finding}"
        for target in panel.get("targets", []):
            for finding in check_target(target, window_allowed, variables):
                yield f"{panel['title']}: {target['refId']}: {finding}"


def main(folder):
    boards = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    text = METRICS.read_text()
    known = set(re.findall(r"`((?:firstline|grpc_server|exposer)_[a-z_]+)`", text))
    excluded = (folder / ".lint").read_text()
    findings = list(check_promql(boards))
    for name, board in boards.items():
        findings += [f"{name}: {finding}" for finding in
                     check_board(name, board, known, f"dashboard: {board['title']}\n" in excluded)]
    for finding in findings:
        print(finding)
    panels = sum(panel["type"] != "row" for board in boards.values() for panel in board["panels"])
    print(f"{len(boards)} dashboards, {panels} panels, {len(findings)} finding(s)")
    return 1 if findings or not boards else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "deploy/grafana/dashboards")))
