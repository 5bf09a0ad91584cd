"""Each row of the failure table names a test that is there, and metrics that are documented; each
ctest of the table of tests is there."""

import fnmatch
import re

import features
import tree

PAGE = "services/router/ARCHITECTURE.md"
METRICS = "services/router/telemetry/METRICS.md"
SHORT_AND_LONG = re.compile(r"firstline_short_and_long_test\(NAME (\w+)")


def tables(root):
    """Header cells -> [(line number, cells)] of each table of the page."""
    found, header = {}, None
    text = tree.text_of(root, PAGE) if (root / PAGE).is_file() else ""
    for number, line in enumerate(text.splitlines(), 1):
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


def check(root):
    findings = []
    known = known_tests(root)
    documented = tree.text_of(root, METRICS) if (root / METRICS).is_file() else ""
    for header, rows in tables(root).items():
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
