"""No file names a place that exists on one machine only: homes, build folders, mounted work folders."""

import re

import tree

# A path that begins like this; after a letter, digit, dot, slash, '$' or '}' it is the tail of another
# path or of a URL.
PRIVATE = re.compile(r"(?<![\w./$}~-])/(home|Users|root|work|workspace|builds?|mnt|media|opt/actions"
                     r"|github/workspace)/[\w.-]+")

# Places inside a container image are the same everywhere.
EXEMPT = ("Dockerfile", "Containerfile", ".dockerfile")


def check(root):
    findings = []
    for name in tree.tracked(root):
        if name.endswith(EXEMPT):
            continue
        text = tree.text_of(root, name)
        if text is None:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for match in PRIVATE.finditer(line):
                findings.append(f"{name}:{number}: {match.group(0)}")
    return findings


if __name__ == "__main__":
    tree.report(check)
