"""Each claim of the feature table names a test, and each test it names is there."""

import re

import tree

TABLE = "services/router/FEATURES.md"
MARKS = ("Y", "P", "N")
CASE = re.compile(r"^TEST(?:_[FP])?\((\w+),\s*(\w+)\)", re.MULTILINE)
CTEST = re.compile(r"\bNAME (\w+)")


def rows(root):
    """(line number, feature, mark, names of tests) of each row."""
    found = []
    text = tree.text_of(root, TABLE) if (root / TABLE).is_file() else ""
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) < 3 or cells[0] in ("Feature", "---"):
            continue
        found.append((number, cells[0], cells[1], re.findall(r"`([^`]+)`", cells[2])))
    return found


def tests(root):
    """All that a row may name: scenarios, cases of gtest and ctests that are nothing else."""
    names = set()
    for name in tree.tracked(root, ".scenario"):
        names.add(name.rsplit("/", 1)[-1].removesuffix(".scenario"))
    for name in tree.tracked(root, "_test.cc", "conformance.cc"):
        for suite, case in CASE.findall(tree.text_of(root, name)):
            names.add(f"{suite}.{case}")
    for name in tree.tracked(root, "CMakeLists.txt"):
        names.update(CTEST.findall(tree.text_of(root, name)))
    return names


def check(root):
    known = tests(root)
    findings = []
    for number, feature, mark, named in rows(root):
        at = f"{TABLE}:{number}: {feature}: "
        if mark not in MARKS:
            findings.append(f"{at}{mark} is none of {', '.join(MARKS)}")
        if mark in ("Y", "P") and not named:
            findings.append(at + "is claimed without a test")
        if mark == "N" and named:
            findings.append(at + "is not claimed and has a test")
        findings += [f"{at}there is no test {name}" for name in named if name not in known]
    return findings


if __name__ == "__main__":
    tree.report(check)
