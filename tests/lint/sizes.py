"""A source file can be read in one sitting: 500 lines at most."""

import tree

LINES_MAX = 500

# File -> why it is longer. Remove the entry when the file shrinks; a stale one is a finding.
LONGER = {
    "tests/conformance/store_conformance.cc": "one suite over all requests of the port",
    "tests/engine/program.cc": "one generator over all commands",
    "tests/runtime/commit_test.cc": "one table of what can happen to a batch",
}

SOURCES = (".h", ".cc", ".py", ".sh", ".proto", ".cmake", "CMakeLists.txt")


def check(root, longer=None):
    longer = LONGER if longer is None else longer
    findings = []
    lengths = {}
    for name in tree.tracked(root, *SOURCES):
        lengths[name] = len(tree.text_of(root, name).splitlines())
        if lengths[name] > LINES_MAX and name not in longer:
            findings.append(f"{name}: {lengths[name]} lines, more than {LINES_MAX}")
    for name in longer:
        if lengths.get(name, 0) <= LINES_MAX:
            findings.append(f"{name}: is listed as longer than {LINES_MAX} lines and is not")
    return findings


if __name__ == "__main__":
    tree.report(check)
