"""Each claim of the feature table names a test, and each test it names is there; each removal of
tests/mutants.py still has something to remove."""

import importlib.util
import re

import tree

TABLE = "services/router/FEATURES.md"
MARKS = ("Y", "P", "N")
CASE = re.compile(r"^(?:TYPED_)?TEST(?:_[FP])?\((\w+),\s*(\w+)\)", re.MULTILINE)
CTEST = re.compile(r"\bNAME ([\w.]+)")


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


def mutants(root):
    """The entries of tests/mutants.py and the folder their files are in; none where it is not."""
    path = root / "tests" / "mutants.py"
    if not path.is_file():
        return [], ""
    spec = importlib.util.spec_from_file_location("mutants", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MUTANTS, module.ENGINE


def check_mutants(root, known):
    entries, folder = mutants(root)
    features = {feature for _, feature, _, _ in rows(root)}
    findings = []
    for feature, name, text, _, named in entries:
        at = f"tests/mutants.py: {feature}: "
        times = tree.text_of(root, folder + name).count(text)
        if times != 1:
            findings.append(f"{at}{text.strip()!r} is {times} times in {name}")
        if feature not in features:
            findings.append(f"{at}is no feature of the table")
        findings += [f"{at}there is no test {test}" for test in named if test not in known]
    return findings


def check(root):
    known = tests(root)
    findings = check_mutants(root, known)
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
