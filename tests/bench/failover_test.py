"""What failover.sh --check calls a failure: each way in which moves or callers can be wrong."""

import json
import types
import unittest

import contenders
import failover

GOOD = {"acknowledged": 5, "lost": 0, "doubled": 0, "example": ""}


class Callers(failover.Callers):
    """Answers `check` without a program behind it."""

    def __init__(self, check):
        self.answer = check
        self.asked = []

    def ask(self, line):
        self.asked.append(line)
        return json.dumps(self.answer)


class JudgeTest(unittest.TestCase):

    def judge(self, check, moves, judged=True):
        callers = Callers(check)
        failover.judge(types.SimpleNamespace(check=judged), callers, moves)
        return callers.asked

    def test_what_holds_passes(self):
        self.assertEqual(self.judge(GOOD, [{"failed": 0, "failure": ""}]), ["check"])

    def test_without_check_nothing_is_judged(self):
        self.assertEqual(self.judge({**GOOD, "lost": 9}, [{"failed": 1, "failure": "x"}], False), [])

    def test_finds(self):
        moved = [{"failed": 0, "failure": ""}]
        for check, moves in (({**GOOD, "lost": 1}, moved), ({**GOOD, "doubled": 1}, moved),
                             ({**GOOD, "acknowledged": 0}, moved),
                             (GOOD, [*moved, {"failed": 1, "failure": "UNAVAILABLE"}])):
            with self.assertRaises(contenders.Failed, msg=f"{check} {moves}"):
                self.judge(check, moves)

    def test_says_what_is_wrong(self):
        with self.assertRaisesRegex(contenders.Failed, "1 are lost, 2 inquiries doubled: w0 i1"):
            self.judge({"acknowledged": 7, "lost": 1, "doubled": 2, "example": "w0 i1"}, [])


if __name__ == "__main__":
    unittest.main()
