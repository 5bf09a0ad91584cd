"""Each row of the failure table names a test that is there, and metrics that are documented; each
ctest of the table of tests is there; each row of the operators' table of claims names tests that are
where it says."""

import fnmatch
import re

import features
import tree

PAGE = "services/router/ARCHITECTURE.md"
CLAIMS = "deploy/README.md"
OPS = "tests/ops.sh"
METRICS = "services/router/telemetry/METRICS.md"
SHORT_AND_LONG = re.compile(r"firstline_short_and_long_test\(NAME (\w+)")
DECLARED = re.compile(r"firstline_(\w*test|fuzzer)\(\s*NAME ([\w.]+)(.*?)(?:\sDEPS\s|\))", re.DOTALL)
PART = re.compile(r"^ *run (\w+) ", re.MULTILINE)


def text(root, name):
    return tree.text_of(root, name) if (root / name).is_file() else ""


def tables(root, page):
    """Header cells -> [(line number, cells)] of each table of the page."""
    found, header = {}, None
    for number, line in enumerate(text(root, page).splitlines(), 1):
        if not line.startswith("|"):
            header = None
            continue
        cells = tuple(cell.strip() for cell in line.split("|")[1:-1])
        if header is None:
            header = cells
            found[header] = []
        elif set(line) - set("|-: "):
            found[header].append((number, cells))
    return found


def names_of(cell):
    """What a cell has in backquotes. `.Case` is of the suite named before it."""
    names, suite = [], ""
    for name in re.findall(r"`([^`]+)`", cell):
        if name.startswith("."):
            name = suite + name
        suite = name.split(".")[0]
        names.append(name)
    return names


def known_tests(root):
    known = features.tests(root)
    for name in tree.tracked(root, "CMakeLists.txt"):
        for both in SHORT_AND_LONG.findall(tree.text_of(root, name)):
            known.update((f"{both}_short_test", f"{both}_long_test"))
    known.update(f"lint.{name.rsplit('/', 1)[-1].removesuffix('.py')}"
                 for name in tree.tracked(root, ".py") if name.startswith("tests/lint/"))
    known.update({name.split(".")[0] for name in known if "." in name})
    return known


def is_there(name, known):
    """`…` stands for the rest of a name, `*` for anything."""
    return bool(fnmatch.filter(known, name.replace("…", "*")))


def check_fault(cells, known, documented):
    """What is wrong with a row of the failure table."""
    tests = names_of(cells[3])
    # A label of the metric before stands alone, in quotes.
    metrics = [name.split("{")[0] for name in names_of(cells[2]) if not name.startswith('"')]
    wrong = [] if tests else ["no test is named"]
    wrong += [f"there is no test {name}" for name in tests if not is_there(name, known)]
    if not metrics and not cells[2].startswith("none"):
        wrong.append("neither a metric nor none is named")
    wrong += [f"there is no metric {name}" for name in metrics
              if f"`firstline_{name}`" not in documented and f"`{name}`" not in documented]
    return wrong


def check_ctest(cells, known):
    return [f"there is no ctest {name}" for name in names_of(cells[0])
            if not name.endswith((".sh", ".cc")) and not is_there(name, known)]


def cases(root):
    """Program -> the suites, cases and suites' cases that it has, of all ctests and fuzzers."""
    found = {}
    for name in tree.tracked(root, "CMakeLists.txt"):
        folder = name.removesuffix("CMakeLists.txt")
        for kind, program, rest in DECLARED.findall(tree.text_of(root, name)):
            had = set()
            for source in re.findall(r"[\w.]+\.cc\b", rest.split("SOURCES")[-1]):
                for suite, case in features.CASE.findall(text(root, folder + source)):
                    had.update((suite, case, f"{suite}.{case}"))
            both = (f"{program}_short_test", f"{program}_long_test")
            for each in both if kind == "short_and_long_test" else (program,):
                found[each] = had
    return found


def check_claim(cells, programs, parts):
    """What is wrong with a row of the table of claims: a program, then what of it, if not all."""
    named, wrong, program = names_of(cells[1]), [], None
    if not named:
        wrong.append("no test is named")
    if OPS in cells[2]:
        return wrong + [f"{OPS} has no part {name}" for name in named if name not in parts]
    if "tests/run.sh" not in cells[2]:
        wrong.append(f"{cells[2]} runs no tests")
    for name in named:
        if name in programs:
            program = name
        elif program is None:
            wrong.append(f"there is no ctest {name}")
        elif not is_there(name, programs[program]):
            wrong.append(f"{program} has no {name}")
    return wrong


def check_claims(root):
    programs, parts = cases(root), set(PART.findall(text(root, OPS)))
    return [f"{CLAIMS}:{number}: {what}"
            for header, rows in tables(root, CLAIMS).items() if header[0] == "claim"
            for number, cells in rows for what in check_claim(cells, programs, parts)]


def check(root):
    known = known_tests(root)
    findings = check_claims(root)
    documented = text(root, METRICS)
    for header, rows in tables(root, PAGE).items():
        for number, cells in rows:
            wrong = []
            if header[0] == "fault":
                wrong = check_fault(cells, known, documented)
            elif header[0] == "ctest":
                wrong = check_ctest(cells, known)
            findings += [f"{PAGE}:{number}: {what}" for what in wrong]
    return findings


if __name__ == "__main__":
    tree.report(check)
