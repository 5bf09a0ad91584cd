"""The data of every panel, asked from a Prometheus as Grafana would ask.

    for dashboard in load_dashboards():
        for answer in ask(stack, dashboard, Span(start, end, step_s=15, rate_interval="1m")):
            answer.panel, answer.target, answer.series
"""

import collections
import json
import math
import re

from stack import ROOT

Span = collections.namedtuple("Span", "start end step_s rate_interval window")
Answer = collections.namedtuple("Answer", "panel target series")


def load_dashboards():
    paths = sorted((ROOT / "deploy/grafana/dashboards").glob("*.json"))
    assert paths, "no dashboards"
    return {path.stem: json.loads(path.read_text()) for path in paths}


def substitute(expr, dashboard, span):
    """The expression with everything picked in every variable."""
    values = {"__rate_interval": span.rate_interval, "window": span.window}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            values[variable["name"]] = variable["allValue"]
    plain = re.sub(r"\$(\w+)", lambda found: values[found.group(1)], expr)
    assert "$" not in plain, plain
    return plain


def ask(stack, dashboard, span):
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            query = substitute(target["expr"], dashboard, span)
            if target["instant"]:
                result = stack.api("query", query=query, time=span.end)["result"]
                series = [(one["metric"], [one["value"]]) for one in result]
            else:
                result = stack.api("query_range", query=query, start=span.start, end=span.end,
                                   step=span.step_s)["result"]
                series = [(one["metric"], one["values"]) for one in result]
            yield Answer(panel, target, [(labels, [(at, float(value)) for at, value in points])
                                         for labels, points in series])


def not_finite(answer):
    return [point for _, points in answer.series for point in points
            if not math.isfinite(point[1])]
