#!/usr/bin/env python3
"""Writes dashboards/*.json from source/*.py; the JSON is what Grafana reads and is never edited.

    deploy/grafana/generate.py            writes
    deploy/grafana/generate.py --check    writes nothing; 1 when a file is not what would be written
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "source"))
sys.dont_write_bytecode = True

import engine  # noqa: E402
import queues  # noqa: E402
import teams  # noqa: E402
import wall  # noqa: E402

DASHBOARDS = {"wall": wall, "queues": queues, "teams": teams, "engine": engine}


def main(check):
    stale = []
    for name, module in DASHBOARDS.items():
        path = HERE / "dashboards" / f"{name}.json"
        text = json.dumps(module.DASHBOARD, indent=1, ensure_ascii=False) + "\n"
        if path.exists() and path.read_text() == text:
            continue
        stale.append(str(path.relative_to(HERE.parents[1])))
        if not check:
            path.write_text(text)
    for name in stale:
        print(f"{name} {'is not what generate.py writes' if check else 'written'}")
    sys.exit(1 if check and stale else 0)


if __name__ == "__main__":
    main(sys.argv[1:] == ["--check"])
