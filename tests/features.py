#!/usr/bin/env python3
"""Runs the tests that the feature table (services/router/FEATURES.md) names.

    tests/features.py [--preset dev] [--no-build]
    tests/features.py --mutate [--only TEXT]

Builds everything in the preset, runs the tests named and prints for each row of the table what the
tests say. Ends with 1 when a test fails or does not run.

With --mutate it asks instead whether the tests would notice: for each entry of tests/mutants.py it
takes the policy's code out of a copy of the sources (build/mutants), builds the engine's tests there
and wants each test named to fail. A minute an entry, so it is not part of the suite; --only takes
those whose feature or file has the text. Ends with 1 when a test does not notice.
"""

import argparse
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "lint"))
sys.path.insert(0, str(ROOT / "tests"))

import features  # noqa: E402
import mutants  # noqa: E402

MEMORY_MAX = 2 << 30
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


def suite_of(name):
    return "engine_test" if "." in name else "scenario_test"


def limit_memory():
    """An engine that lacks a line may go round and round and keep what it does."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))


class Mutation:
    """A copy of the sources in which one text is replaced at a time."""

    def __init__(self):
        self.copy = ROOT / "build" / "mutants"
        shutil.rmtree(self.copy / "services", ignore_errors=True)
        for name in subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True,
                                   check=True).stdout.splitlines():
            target = self.copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
        # What is left of the code after a removal may well be warned about.
        self.build(["cmake", "--preset", "dev", "-DFIRSTLINE_WERROR=OFF"])

    def build(self, command):
        done = subprocess.run(command, cwd=self.copy, capture_output=True, text=True, check=False)
        return done.returncode == 0

    def programs(self, tests):
        return self.build(["cmake", "--build", "--preset", "dev", "--target",
                           *{suite_of(name) for name in tests}])

    def notices(self, name):
        """Whether the test fails; None when there is no such test."""
        suite = suite_of(name)
        case = name if "." in name else f"*GoesAsWritten/{name.replace('-', '_')}"
        case = f"{case}:*GoesAsWritten/peers_{name.replace('-', '_')}"
        program = next(path for path in (self.copy / "build" / "dev").rglob(suite) if
                       path.is_file() and os.access(path, os.X_OK))
        try:
            done = subprocess.run([program, f"--gtest_filter={case}"], capture_output=True,
                                  text=True, check=False, timeout=60, preexec_fn=limit_memory)
        except subprocess.TimeoutExpired:
            return True
        return None if "Running 0 tests" in done.stdout else done.returncode != 0


def check_mutant(mutation, entry):
    """What is wrong with an entry, as lines; none when every test notices."""
    _, name, text, instead, tests = entry
    path = mutation.copy / mutants.ENGINE / name
    source = path.read_text()
    if source.count(text) != 1:
        return [f"the text is {source.count(text)} times in {name}"]
    path.write_text(source.replace(text, instead))
    try:
        if not mutation.programs(tests):
            return [f"{name} does not build without it"]
        said = {test: mutation.notices(test) for test in tests}
    finally:
        path.write_text(source)
    words = {None: "is not there", False: "does not notice"}
    return [f"{test} {words[seen]}" for test, seen in said.items() if not seen]


def mutate(only):
    chosen = [entry for entry in mutants.MUTANTS if only in entry[0] or only in entry[1]]
    mutation = Mutation()
    failed = 0
    for entry in chosen:
        wrong = check_mutant(mutation, entry)
        failed += len(wrong)
        print(f"{entry[0]}: {entry[2].strip()[:60]}: {'; '.join(wrong) or 'noticed'}", flush=True)
    print(f"{len(chosen)} removals, {failed} not noticed")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description="Runs the tests that the feature table names.")
    parser.add_argument("--preset", default="dev")
    parser.add_argument("--no-build", action="store_true", help="everything is built already")
    parser.add_argument("--mutate", action="store_true", help="see whether the tests would notice")
    parser.add_argument("--only", default="", help="with --mutate: of the feature or file")
    options = parser.parse_args()
    if options.mutate:
        return mutate(options.only)
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
