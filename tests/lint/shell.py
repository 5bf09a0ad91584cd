"""Every shell script passes shellcheck."""

import shutil
import subprocess
import sys

import tree


def is_script(root, name):
    if name.endswith(".sh"):
        return True
    with open(root / name, "rb") as file:
        first = file.readline(100)
    return first.startswith(b"#!") and b"sh" in first.split(b"/")[-1].split()[-1]


def check(root):
    scripts = [name for name in tree.tracked(root) if is_script(root, name)]
    if not scripts:
        return []
    result = subprocess.run(["shellcheck", "--format=gcc", "--external-sources", *scripts],
                            cwd=root, capture_output=True, text=True, check=False)
    return (result.stdout + result.stderr).splitlines()


if __name__ == "__main__":
    if shutil.which("shellcheck") is None:
        print("shellcheck is not installed (deploy/install_packages.sh --test)")
        sys.exit(77)
    tree.report(check)
