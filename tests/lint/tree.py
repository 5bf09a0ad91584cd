"""What the lints share: which files there are and how a finding is reported.

A lint is a function from a root folder to a list of findings, so that self_test.py can show it a
tree in which it must find something.
"""

import pathlib
import subprocess
import sys


def tracked(root, *suffixes):
    """Paths of the files under version control, relative to root, sorted; all of them without
    suffixes. In a folder that is no repository, such as an unpacked release: every file outside
    build/."""
    listing = subprocess.run(["git", "-C", str(root), "ls-files", "-z"],
                             capture_output=True, check=False)
    if listing.returncode == 0:
        names = [name for name in listing.stdout.decode().split("\0") if name]
    else:
        names = [str(path.relative_to(root)) for path in pathlib.Path(root).rglob("*")
                 if path.is_file() and path.relative_to(root).parts[0] != "build"]
    # A file that was deleted and not yet committed is still listed.
    return sorted(name for name in names
                  if (not suffixes or name.endswith(suffixes)) and (root / name).is_file())


def text_of(root, name):
    """The file as text; None when it is not text."""
    try:
        return (root / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def report(check):
    """Runs check on the current folder; ends the process, with 1 when there are findings."""
    findings = check(pathlib.Path.cwd())
    for finding in findings:
        print(finding)
    print(f"{len(findings)} finding(s)")
    sys.exit(1 if findings else 0)
