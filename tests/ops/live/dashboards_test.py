#!/usr/bin/env python3
"""Every query of every panel, on a Prometheus that has scraped routers under a real load.

    tests/ops/live/dashboards_test.py PROGRAMS         the folder `services` of a build

One router plays the demo's busy day, with lunch, misses, transfers and parked chats; two others, on a
Redis of their own, bear `firstline load`, and the one that owns its workspace is killed; a fourth asks a
classifier that is down. Each query must be answered, without NaN or infinity, and with data but for
the few named in EMPTY. About a minute.
"""

import pathlib
import subprocess
import time

import panel_data
from stack import ROOT, Stack, free_port, run

# Panel -> why a good day leaves it empty.
EMPTY = {"First reply of a bot": "the demo has no bots"}


def kill_owner(stack, routers):
    """Calls at the other wait until it has taken the workspace over."""
    def owned_calls(router):
        return stack.value("sum(rate(firstline_inquiries_submitted_total"
                           f'{{instance="127.0.0.1:{router.metrics_port}"}}[5s]))') or 0

    stack.await_true("load", lambda: any(owned_calls(router) > 20 for router in routers), 60)
    max(routers, key=owned_calls).process.kill()


def start_classifying(stack):
    """The command line at a router whose workspace names a classifier, and nobody is at its address."""
    _, store = stack.start_redis("classified")
    router = stack.start_router(f"--classifier=intents=127.0.0.1:{free_port()}", store=store)
    workspace = stack.folder / "classified.yaml"
    workspace.write_text("""\
id: classified
channels: [{id: chat, kind: CHANNEL_KIND_MESSAGING}]
queues: [{id: care}]
classification:
  external: {classifier: intents, deadline: 200ms}
  rules: [{id: rest, queue: care}]
""")

    def firstline(*words):
        command = [stack.programs / "cli/firstline", "--server", f"127.0.0.1:{router.grpc_port}",
                   *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    firstline("config", "apply", workspace)
    return lambda: firstline("-w", "classified", "inquiry", "submit", "--channel", "chat")


def play(stack):
    """Both loads at once; returns the times at which they began and ended."""
    day = stack.start_router("--clock=driven")
    _, store = stack.start_redis("rush")
    rush = [stack.start_router("--lease-ms=2000", store=store) for _ in range(2)]
    submit_unclassified = start_classifying(stack)
    stack.start_prometheus()
    start = time.time()
    demo = stack.start("demo", stack.programs / "demo/firstline-demo", "--router",
                       f"127.0.0.1:{day.grpc_port}", "--workspace",
                       ROOT / "deploy/demo/workspace.yaml")
    load = stack.start("load", stack.programs / "cli/firstline", "--server",
                       ",".join(f"127.0.0.1:{router.grpc_port}" for router in rush), "load",
                       "--rate", "40", "--pattern", "poisson", "--duration", "30s", "--handle",
                       "400ms", "--calls", "unary")
    kill_owner(stack, rush)
    for _ in range(10):
        submit_unclassified()
        time.sleep(1)  # A scrape.
    for name, child in (("load", load), ("demo", demo)):
        assert child.wait(300) == 0, (stack.folder / f"{name}.log").read_text()
    time.sleep(2)  # Two more scrapes.
    return start, time.time()


def main(programs):
    findings, queries, points = [], 0, 0
    with Stack(programs) as stack:
        start, end = play(stack)
        span = panel_data.Span(start, end, 1, "5s", "15m")
        for name, dashboard in panel_data.load_dashboards().items():
            for answer in panel_data.ask(stack, dashboard, span):
                queries += 1
                here = sum(len(series) for _, series in answer.series)
                points += here
                where = f"{name}: {answer.panel['title']}: {answer.target['refId']}"
                if panel_data.not_finite(answer):
                    findings.append(f"{where}: {panel_data.not_finite(answer)[0]}")
                if not here and answer.panel["title"] not in EMPTY:
                    findings.append(f"{where}: no data: {answer.target['expr']}")
                if here and answer.panel["title"] in EMPTY:
                    findings.append(f"{where}: is listed as empty and is not")
        for finding in findings:
            print(finding)
        print(f"{queries} queries, {points} points, {len(findings)} finding(s)")
        assert not findings
    print("dashboards_test: passed")


if __name__ == "__main__":
    run(main, __doc__, "redis-server", "prometheus")
