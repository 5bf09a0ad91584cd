"""Shows each lint a tree with one thing wrong: a lint that cannot find anything is worth nothing."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

import failures
import features
import paths
import purity
import shell
import sizes


class Tree:
    """A repository for the length of a test."""

    def __init__(self, files):
        self.files = files

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(self.folder.name)
        subprocess.run(["git", "init", "-q", str(root)], check=True)
        for name, text in self.files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        subprocess.run(["git", "-C", str(root), "add", "-A"], check=True)
        return root

    def __exit__(self, *ignored):
        self.folder.cleanup()


def engine(text, name="x.cc"):
    return {purity.ENGINE + name: text}


class FailuresTest(unittest.TestCase):

    def findings(self, page):
        files = {failures.PAGE: page, failures.METRICS: "| `firstline_moves_total` | counter |\n",
                 "tests/x_test.cc": "TEST(Suite, LongCase) {}\nTYPED_TEST_P(Typed, Case) {}\n",
                 "tests/CMakeLists.txt": "firstline_test(NAME x_test LABEL unit)\n"
                                         "firstline_short_and_long_test(NAME y SHORT a LONG b)\n"}
        with Tree(files) as root:
            return failures.check(root)

    def fault(self, metric, test):
        return self.findings("| fault | callers see | metric | test |\n|---|---|---|---|\n"
                             f"| a | b | {metric} | {test} |\n")

    def test_what_is_there_is_fine(self):
        for test in ("`Suite.LongCase`", "`Suite.Long…`", "`Suite.*`, `.LongCase`", "`Typed.Case`",
                     "`x_test`", "`Suite`"):
            self.assertEqual(self.fault("none", test), [], test)
        self.assertEqual(self.fault('`moves_total{how="a"}`, `"b"` elsewhere', "`x_test`"), [])
        self.assertEqual(self.findings("| ctest | what |\n|---|---|\n| `x_test`, `y_*_test` | z |\n"
                                       "\n| else | b |\n|---|---|\n| `c` | d |\n"), [])

    def test_finds_what_is_not_there(self):
        for metric, test in (("none", "`Suite.Short…`"), ("none", "`Suites`"), ("none", ""),
                             ("none", "`Suite.LongCase`, `.Case`"), ("", "`x_test`"),
                             ("`moved_total`", "`x_test`")):
            self.assertEqual(len(self.fault(metric, test)), 1, metric + test)
        self.assertEqual(len(self.findings("| ctest | what |\n|---|---|\n| `z_test` | z |\n")), 1)


class ClaimsTest(unittest.TestCase):

    def findings(self, tests, where="`tests/run.sh`"):
        page = f"| claim | test | where |\n|---|---|---|\n| a `thing` | {tests} | {where} |\n"
        files = {failures.CLAIMS: page, failures.OPS: "run() {\n}\n  run play x\n",
                 "tests/a/x_test.cc": "TEST(Suite, LongCase) {}\n",
                 "tests/a/z_test.cc": "TEST_F(Other, Case) {}\n",
                 "tests/a/CMakeLists.txt":
                     "firstline_test(\n  NAME x_test\n  SOURCES x_test.cc\n  DEPS z_test.cc)\n"
                     "firstline_short_and_long_test(NAME z SHORT a LONG b\n  SOURCES z_test.cc)\n"
                     "firstline_fuzzer(NAME any_fuzz SOURCES any.cc DEPS x)\n"
                     "firstline_script_test(NAME ops.rules LABEL lint COMMAND x.sh)\n"}
        with Tree(files) as root:
            return failures.check(root)

    def test_what_is_there_is_fine(self):
        for tests in ("`x_test`", "`x_test` `Suite`", "`x_test` `Long…`, `Suite.LongCase`",
                      "`z_short_test` `Case`, `x_test` `Suite`", "`ops.rules`",
                      "`x_test`, `any_fuzz` in preset fuzz"):
            self.assertEqual(self.findings(tests), [], tests)
        self.assertEqual(self.findings("`play`", "`tests/ops.sh`"), [])

    def test_finds_what_is_not_there(self):
        for tests in ("", "`y_test`", "`Suite`", "`x_test` `Other`", "`x_test` `Short…`",
                      "`x_test` `Suite.Case`", "`z_test`", "`ops.rule`"):
            self.assertEqual(len(self.findings(tests)), 1, tests)
        self.assertEqual(len(self.findings("`run`", "`tests/ops.sh`")), 1)
        self.assertEqual(len(self.findings("`x_test`", "`tests/ops.sh`")), 1)
        self.assertEqual(len(self.findings("`x_test`", "somewhere")), 1)


class FeaturesTest(unittest.TestCase):

    def findings(self, row):
        files = {features.TABLE: f"| Feature | Firstline | tests |\n|---|---|---|\n{row}\n",
                 "tests/scenarios/rule.scenario": "", "tests/x_test.cc": "TEST(Suite, Case) {}\n"}
        with Tree(files) as root:
            return features.check(root)

    def test_what_is_proved_is_fine(self):
        self.assertEqual(self.findings("| a | Y | `rule` `Suite.Case` |"), [])
        self.assertEqual(self.findings("| a | N | |"), [])

    def test_claims_need_tests_that_are_there(self):
        for row in ("| a | Y | |", "| a | P | `rules` |", "| a | Y | `Suite.Other` |",
                    "| a | N | `rule` |", "| a | yes | `rule` |"):
            self.assertEqual(len(self.findings(row)), 1, row)


class PurityTest(unittest.TestCase):

    def findings(self, files):
        with Tree(files) as root:
            return purity.check(root)

    def test_finds(self):
        for line in ["#include <mutex>", "#include <thread>", "#include <random>",
                     "#include <grpcpp/grpcpp.h>", "#include <hiredis/hiredis.h>",
                     "#include <prometheus/counter.h>", "#include <spdlog/spdlog.h>",
                     '#include "firstline/v1/inquiry.pb.h"', '#include "common/redis/reply.h"',
                     '#include "services/router/store/store.h"',
                     "auto t = std::chrono::steady_clock::now();", "int x = rand();",
                     "std::unordered_map<int, int> m;", "absl::flat_hash_map<int, int> m;",
                     "thread_local int x;"]:
            found = self.findings(engine("int before;\n" + line + "\n"))
            self.assertTrue(found, line)
            self.assertIn("x.cc:2:", found[0])

    def test_lets_pass(self):
        for line in ["// like unordered_map, but now()", "/* rand()\n mutex */",
                     '#include "services/router/engine/line.h"', "#include <chrono>",
                     'return "unordered_map";', "int operand(int); int known(int);"]:
            self.assertEqual(self.findings(engine(line + "\n")), [], line)
        self.assertEqual(self.findings(engine("std::unordered_map<int, int> m;", "id_index.h")), [])
        self.assertEqual(self.findings({"services/router/api/x.cc": "#include <mutex>\n"}), [])


class SizesTest(unittest.TestCase):

    def test_lines(self):
        with Tree({"a.cc": "x\n" * 500, "b.cc": "x\n" * 501}) as root:
            self.assertEqual(len(sizes.check(root, {})), 1)
            self.assertEqual(sizes.check(root, {"b.cc": "a reason"}), [])
            self.assertEqual(len(sizes.check(root, {"a.cc": "stale", "b.cc": "a reason"})), 1)


class PathsTest(unittest.TestCase):

    def test_finds_and_lets_pass(self):
        home = "/" + "home/somebody/x"  # In two parts, because this file is checked as well.
        with Tree({"a.md": f"see {home}\n", "b.sh": f"cd '{home}'\n"}) as root:
            self.assertEqual(len(paths.check(root)), 2)
        with Tree({"a.md": "https://example.com/home/page ../work/data /usr/bin/env /tmp/x\n",
                   "b.sh": 'cd "$HOME/work/x"; cd "${ROOT}/build/dev"\n'}) as root:
            self.assertEqual(paths.check(root), [])


@unittest.skipIf(shutil.which("shellcheck") is None, "shellcheck is not installed")
class ShellTest(unittest.TestCase):

    def test_finds_and_lets_pass(self):
        with Tree({"a.sh": "#!/bin/sh\nrm -rf $1/*\n", "b": "#!/usr/bin/env bash\ncd $x\n"}) as root:
            found = "\n".join(shell.check(root))
            self.assertIn("a.sh:2", found)
            self.assertIn("b:2", found)
        with Tree({"a.sh": '#!/bin/sh\necho "$1"\n', "b": "#!/usr/bin/env python3\n$x\n"}) as root:
            self.assertEqual(shell.check(root), [])


if __name__ == "__main__":
    unittest.main()
