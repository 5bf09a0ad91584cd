#!/usr/bin/env python3
"""Runs the tests that the feature table (services/router/FEATURES.md) names.

    tests/features.py [--preset dev] [--no-build]

Builds everything in the preset, runs the tests named and prints for each row of the table what the
tests say. Ends with 1 when a test fails or does not run.
"""

import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "lint"))

import features  # noqa: E402

RESULT = re.compile(r"Test +#\d+: (\S+) \.*(?: |\*)*(Passed|Failed|Skipped|Not Run|Timeout)")


def pattern(name):
    """Of the ctest, which begins with its program's name. Without groups: ctest allows only a few."""
    if "." in name:
        return r"\." + re.escape(name) + "$"
    plain = name.replace("-", "_")
    return f"GoesAsWritten/{plain}$|GoesAsWritten/peers_{plain}$|^{plain}$"


def run(preset, names):
    """ctest name -> what came of it."""
    command = ["ctest", "--preset", preset, "-R", "|".join(pattern(name) for name in names)]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    return dict(RESULT.findall(output))


def verdict(name, results):
    mine = [what for test, what in results.items() if re.search(pattern(name), test)]
    if not mine:
        return "did not run"
    return "passes" if all(what == "Passed" for what in mine) else ", ".join(sorted(set(mine)))


def main():
    parser = argparse.ArgumentParser(description="Runs the tests that the feature table names.")
    parser.add_argument("--preset", default="dev")
    parser.add_argument("--no-build", action="store_true", help="everything is built already")
    options = parser.parse_args()
    if not options.no_build:
        for command in (["cmake", "--preset"], ["cmake", "--build", "--preset"]):
            subprocess.run([*command, options.preset], cwd=ROOT, check=True)
    table = features.rows(ROOT)
    results = run(options.preset, [name for _, _, _, named in table for name in named])
    failed = 0
    for _, feature, mark, named in table:
        print(f"{mark}  {feature}")
        for name in named:
            said = verdict(name, results)
            failed += said != "passes"
            print(f"     {name}: {said}")
    print(f"{len(results)} tests, {failed} claim(s) not proved")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
