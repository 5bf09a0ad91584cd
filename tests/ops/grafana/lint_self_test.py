"""Shows the lint of dashboards one thing wrong at a time: it must find each."""

import copy
import json
import pathlib
import unittest

import lint

BOARD = json.loads(pathlib.Path("deploy/grafana/dashboards/wall.json").read_text())
KNOWN = set(lint.re.findall(r"`((?:firstline|grpc_server|exposer)_[a-z_]+)`",
                            lint.METRICS.read_text()))


def panel(board, kind):
    return next(one for one in board["panels"] if one["type"] == kind)


def expr(board, text):
    panel(board, "timeseries")["targets"][0]["expr"] = text


ALL = '{job=~"$job", instance=~"$instance"}'
FAULTS = {
    "editable": lambda b: b.update(editable=True),
    "data source": lambda b: b["templating"]["list"].pop(0),
    "no job": lambda b: b["templating"]["list"].pop(1),
    "multi": lambda b: b["templating"]["list"][2].update(multi=False),
    "time range": lambda b: b["templating"]["list"][3].update(refresh=1),
    "no title": lambda b: panel(b, "stat").update(title=""),
    "no description": lambda b: panel(b, "table").update(description=""),
    "unit": lambda b: panel(b, "stat")["fieldConfig"]["defaults"].update(unit="seconds"),
    "no query": lambda b: panel(b, "stat").update(targets=[]),
    "unknown kind": lambda b: panel(b, "timeseries").update(type="graph"),
    "not the variable": lambda b: panel(b, "stat").update(datasource={"uid": "abc"}),
    "ids": lambda b: panel(b, "stat").update(id=1),
    "over": lambda b: panel(b, "stat")["gridPos"].update(x=4),
    "wider": lambda b: panel(b, "table")["gridPos"].update(w=25),
    "no instance": lambda b: expr(b, 'sum(firstline_agents{job=~"$job"})'),
    "without selectors": lambda b: expr(b, "sum(firstline_agents)"),
    "range [5m]": lambda b: expr(b, f"rate(firstline_offers_total{ALL}[5m])"),
    "outside rate": lambda b: expr(b, f"sum(firstline_offers_total{ALL})"),
    "without le": lambda b: expr(b, "histogram_quantile(0.9, sum by (queue) (rate("
                                    f"firstline_commit_seconds_bucket{ALL}[$__rate_interval])))"),
    "unknown variable": lambda b: expr(b, 'firstline_agents{job=~"$job", instance=~"$instance", '
                                          'queue=~"$nothing"}'),
    "METRICS.md": lambda b: expr(b, f"sum(firstline_agent{ALL})"),
}


class LintTest(unittest.TestCase):
    def test_finds_each_fault(self):
        for words, break_it in FAULTS.items():
            with self.subTest(words):
                board = copy.deepcopy(BOARD)
                break_it(board)
                findings = list(lint.check_board("wall", board, KNOWN, True))
                self.assertTrue(any(words in finding for finding in findings), findings)

    def test_finds_nothing_in_what_is_right(self):
        self.assertEqual(list(lint.check_board("wall", BOARD, KNOWN, True)), [])

    def test_a_chosen_window_needs_a_reason(self):
        self.assertTrue(list(lint.check_board("wall", BOARD, KNOWN, False)))

    def test_a_query_that_does_not_parse(self):
        if lint.shutil.which("promtool") is None:
            self.skipTest("promtool is not installed")
        board = copy.deepcopy(BOARD)
        expr(board, f"sum(firstline_agents{ALL}))")
        self.assertTrue(list(lint.check_promql({"wall": board})))


if __name__ == "__main__":
    unittest.main()
