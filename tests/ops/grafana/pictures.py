#!/usr/bin/env python3
"""Pictures of the dashboards from real data, for the documentation and for eyes.

    tests/ops/grafana/pictures.py PROGRAMS MODULES OUT

PROGRAMS: the folder `services` of a build; MODULES: a folder with node_modules/uplot and
@bufbuild/buf; OUT: where the pictures go. Wall, queues and teams show the demo's busy day, ten
hours of workspace time: /metrics is read while the day is played, stamped with the workspace's
time, put into Prometheus' storage by promtool, and asked of a real Prometheus. The engine's
dashboard shows routers that were scraped while they bore a load. Drawn by picture.js in headless
Chromium; Grafana itself looks the same but for details.
"""

import datetime
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "live"))
import dashboards_test  # noqa: E402
import panel_data  # noqa: E402
from stack import ROOT, Stack, fetch  # noqa: E402

# Workspace time begins at 0 with the demo's 08:00.
MORNING = datetime.datetime(2026, 3, 2, 8, tzinfo=datetime.timezone.utc).timestamp()
WIDTH = 1600


def workspace_time(stack, modules, router):
    """Seconds since the day began; None before the workspace is there."""
    answer = subprocess.run(
        [str(modules / "node_modules/.bin/buf"), "curl", "--protocol", "grpc",
         "--http2-prior-knowledge", "--data", '{"workspace": "demo"}',
         f"http://127.0.0.1:{router.grpc_port}/firstline.v1.ClockService/GetTime"],
        capture_output=True, text=True, check=False)
    if answer.returncode:
        return None
    told = json.loads(answer.stdout)["time"].replace("Z", "+00:00")
    told = re.sub(r"(\.\d{6})\d*", r"\1", told)
    return datetime.datetime.fromisoformat(told).timestamp()


def stamp(text, at):
    """Lines of /metrics with job, instance and a time, as OpenMetrics without types."""
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        name, value = line.rsplit(" ", 1)
        labels = 'job="firstline",instance="router-0:9464"'
        name = name.replace("{", "{" + labels + ",", 1) if "{" in name else f"{name}{{{labels}}}"
        yield f"{name} {value} {at:.3f}"


def record_day(stack, modules):
    """Plays the day and writes it as blocks; returns their folder."""
    router = stack.start_router("--clock=driven")
    demo = stack.start("demo", stack.programs / "demo/firstline-demo", "--router",
                       f"127.0.0.1:{router.grpc_port}", "--workspace",
                       ROOT / "deploy/demo/workspace.yaml")
    text, last, count = stack.folder / "day.txt", -1.0, 0
    with open(text, "w") as out:
        while demo.poll() is None:
            at = workspace_time(stack, modules, router)
            if at is None or at < last + 60:
                continue
            last, count = at, count + 1
            metrics = fetch(f"http://127.0.0.1:{router.metrics_port}/metrics")
            out.writelines(f"{line}\n" for line in stamp(metrics + "\nup 1\n", MORNING + at))
        out.write("# EOF\n")
    assert demo.returncode == 0, (stack.folder / "demo.log").read_text()
    print(f"{count} scrapes of {last / 3600:.1f} hours")
    blocks = stack.folder / "day"
    subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", str(text),
                    str(blocks)], check=True, stdout=subprocess.DEVNULL)
    return blocks


def draw(stack, name, dashboard, span, words, modules, out):
    answers = {}
    for answer in panel_data.ask(stack, dashboard, span):
        answers.setdefault(answer.panel["id"], {})[answer.target["refId"]] = [
            {"labels": labels, "points": points} for labels, points in answer.series]
    data = {"dashboard": dashboard, "answers": answers,
            "span": {**span._asdict(), "words": words}}
    page = (HERE / "picture.html").read_text()
    page = page.replace("UPLOT", (modules / "node_modules/uplot/dist").resolve().as_uri())
    page = page.replace("SCRIPT", (HERE / "picture.js").as_uri())
    page = page.replace("DATA", json.dumps(data))
    file = stack.folder / f"{name}.html"
    file.write_text(page)
    height = 38 * max(panel["gridPos"]["y"] + panel["gridPos"]["h"]
                      for panel in dashboard["panels"]) + 54
    subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
                    "--no-first-run", "--disable-background-networking",
                    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
                    "--allow-file-access-from-files", f"--user-data-dir={stack.folder}/chromium",
                    f"--window-size={WIDTH},{height}", f"--screenshot={out / name}.png",
                    file.as_uri()], check=True, timeout=120, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--ext", ".png", "64", str(out / f"{name}.png")],
                       check=True)
    print(f"{name}.png")


def main(programs, modules, out):
    out.mkdir(parents=True, exist_ok=True)
    out = out.resolve()
    boards = panel_data.load_dashboards()
    with Stack(programs) as stack:
        blocks = record_day(stack, modules)
        # A scrape every five minutes or so: longer than Prometheus looks back by itself.
        stack.start_prometheus("--query.lookback-delta=12m", data=blocks)
        # Into the afternoon's rush, so that the figures of now are of a busy hour.
        span = panel_data.Span(MORNING, MORNING + 6.9 * 3600, 180, "20m", "1h")
        for name in ("wall", "queues", "teams"):
            draw(stack, name, boards[name], span, "The demo's busy day, 08:00 to 14:54", modules,
                 out)
    with Stack(programs) as stack:
        start, end = dashboards_test.play(stack)
        span = panel_data.Span(start, end, 1, "5s", "15m")
        words = time.strftime("Two routers under load, %d %B %Y", time.gmtime(end))
        draw(stack, "engine", boards["engine"], span, words, modules, out)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    for tool in ("redis-server", "prometheus", "promtool", "chromium"):
        if shutil.which(tool) is None:
            print(f"skipped: {tool} is not installed")
            sys.exit(77)
    main(*(pathlib.Path(word) for word in sys.argv[1:]))
