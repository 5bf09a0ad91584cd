"""Measures every contender by turns and writes the report; tests/bench/run.sh --help tells the rest."""

import argparse
import datetime
import json
import math
import os
import pathlib
import platform
import subprocess
import sys

import contenders
import report

ROOT = pathlib.Path(__file__).resolve().parents[2]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True,
                        help="a build folder, such as build/release")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--window-ms", type=int, default=2000)
    parser.add_argument("--warm-up-ms", type=int, default=400)
    parser.add_argument("--only", action="append", default=[], metavar="TEXT")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build" / "bench")
    given = parser.parse_args()
    if given.quick:
        given.rounds, given.window_ms, given.warm_up_ms = 1, 150, 50
    if given.rounds < 1 or given.window_ms < 20:
        parser.error("at least one round, and windows of 20 ms")
    return given


def command_output(*command):
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return ran.stdout.strip() if ran.returncode == 0 else ""


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def circumstances(given):
    changed = command_output("git", "status", "--porcelain", "--untracked-files=no")
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{os.cpu_count()} cores, {processor()}, Linux {platform.release()}",
        "redis": " ".join(command_output("redis-server", "--version").split()[:3]),
        "commit": command_output("git", "rev-parse", "--short", "HEAD")
                  + (" with changes" if changed else ""),
        "rounds": given.rounds,
        "window_ms": given.window_ms,
        "load_average_before": os.getloadavg()[0],
        "quick": given.quick,
    }


def check(name, figures):
    """A contender that measured nothing, or lost something, has failed."""
    for key in ("items", "per_second", "p50_us", "p99_us"):
        value = figures[key]
        if not math.isfinite(value) or value <= 0:
            raise contenders.Failed(f"{name}: {key} is {value}")
    for process, value in figures["cpu_us"].items():
        if not math.isfinite(value) or value < 0:
            raise contenders.Failed(f"{name}: CPU time of {process} is {value}")
    counts = figures.get("check", {})
    for what in ("submits", "closes"):
        said = {key: count for key, count in counts.items() if key.startswith(what)}
        if len(set(said.values())) > 1:
            raise contenders.Failed(f"{name}: something was lost: {said}")


def measure_all(given, chosen):
    """Name -> list of figures, one a round; and name -> why it was left out."""
    setting = contenders.Setting(given.programs.resolve(), ROOT / "build" / "bench" / "npm",
                                 given.warm_up_ms, given.window_ms)
    results = {name: [] for name in chosen}
    left_out = {}
    for number in range(1, given.rounds + 1):
        for name, run in chosen.items():
            if name in left_out:
                continue
            try:
                figures = run(setting)
            except contenders.Unavailable as why:
                left_out[name] = str(why)
                print(f"round {number}  {name:38} left out: {why}", flush=True)
                continue
            check(name, figures)
            results[name].append(figures)
            print(f"round {number}  {name:38} {figures['per_second']:10,.0f}/s  "
                  f"p50 {figures['p50_us']:9,.1f} us", flush=True)
    return {name: all_of for name, all_of in results.items() if all_of}, left_out


def main():
    given = arguments()
    chosen = {name: run for name, run in contenders.all_contenders().items()
              if not given.only or any(text in name for text in given.only)}
    if not chosen:
        sys.exit("no contender has such a name")
    about = circumstances(given)
    try:
        results, left_out = measure_all(given, chosen)
    except contenders.Failed as failure:
        sys.exit(f"FAILED: {failure}")
    about["load_average_after"] = os.getloadavg()[0]
    whole = {"about": about, "left_out": left_out, "targets": report.targets(results),
             "medians": report.medians(results), "rounds": results}
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "contenders.json").write_text(json.dumps(whole, indent=1) + "\n")
    text = report.markdown(whole)
    (given.out / "contenders.md").write_text(text)
    print("\n" + text)
    checked = sum("check" in one for all_of in results.values() for one in all_of)
    print(f"{len(results)} contenders measured; nothing was lost in {checked} measurements")


if __name__ == "__main__":
    main()
