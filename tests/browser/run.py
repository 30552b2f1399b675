#!/usr/bin/env python3
"""Opens the dashboard in headless Chromium: tests/browser/*.js with playwright-core and axe-core, which npm puts into the build
folder. Says SKIP, with exit 77, where Chromium, node or npm are absent.

usage: run.py --minslice BIN --work DIR [--screenshot docs/images/dashboard.png]
       run.py --minslice BIN --work DIR --script bench.js --performance docs/performance.md
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys

import pages

PINNED = ["playwright-core@1.65.1", "axe-core@4.14.1"]
HERE = pathlib.Path(__file__).resolve().parent


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(77)


def install(prefix):
    """The two packages, once; neither has dependencies, and no browser is downloaded."""
    stamp = prefix / "installed.txt"
    if stamp.exists() and stamp.read_text() == " ".join(PINNED):
        return
    prefix.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["npm", "install", "--prefix", str(prefix), "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", *PINNED],
                          capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        skip(f"npm could not install {' '.join(PINNED)}: {done.stderr.strip().splitlines()[-1:]}")
    stamp.write_text(" ".join(PINNED))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minslice", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--script", default="test.js")
    parser.add_argument("--screenshot")
    parser.add_argument("--performance", type=pathlib.Path, help="the document whose section bench:html bench.js writes")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    for name, found in [("Chromium", chromium), ("node", shutil.which("node")), ("npm", shutil.which("npm"))]:
        if not found:
            skip(f"{name} is not installed")
    work = pathlib.Path(arguments.work).resolve()
    work.mkdir(parents=True, exist_ok=True)
    install(work / "npm")
    pages.make_all(pathlib.Path(arguments.minslice).resolve(), work, HERE.parent.parent, arguments.script)
    environment = dict(os.environ, CHROMIUM=chromium, PAGES=str(work), NODE_PATH=str(work / "npm" / "node_modules"))
    if arguments.screenshot:
        environment["SCREENSHOT"] = str(pathlib.Path(arguments.screenshot).resolve())
    command = ["node", str(HERE / arguments.script)]
    if not arguments.performance:
        return subprocess.run(command, env=environment, timeout=900).returncode
    sys.path.insert(0, str(HERE.parent / "bench"))
    from report import processor, write_section
    table = subprocess.run(command, env=environment, timeout=900, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    write_section(arguments.performance, "html", f"""## Dashboard

Made by `tests/browser/run.py --script bench.js`: headless Chromium opens the page from disk; first paint counts from the opening, sort and filter from the key to
the frame that shows their effect. The fastest of nine, since another process on the machine only ever adds; the median stands behind it. To reach at 1,000 slices
and 100,000 prompts: 200 ms each. This run: {processor()}, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.

{table}""")
    return 0


if __name__ == "__main__":
    sys.exit(main())
