"""A run holds of a case where its line stands, not what it says: ten times the cases cost less than 100 bytes each, when they are asked and when a log
is resumed. MINSLICE_MEMORY_CASES makes it larger (the million of docs/performance.md is asked of nginx by tests/bench/runner)."""

import json
import os
import pathlib
import subprocess
import sys
import time

from harness import MINSLICE, Folder, Mock, check, main, read_log

LARGE = int(os.environ.get("MINSLICE_MEMORY_CASES", "60000"))
SMALL = LARGE // 10
PROMPT = "Which number follows? Answer with the number alone. " + "Take your time. " * 20


def write(folder, cases):
    folder.mkdir()
    with open(folder / "cases.jsonl", "w") as out:
        for i in range(cases):
            # Not in the order of their ids, so that the digest needs them sorted.
            name = (i * 7919) % cases
            out.write(json.dumps({"id": f"case-{name:07}", "prompt": f"{PROMPT}{i}", "expected": str(i), "segments": {"flow": str(i % 3)}}) + "\n")
    (folder / "suite.yaml").write_text("version: 1\nname: memory\ncases: cases.jsonl\nsegments: [flow]\n")
    return folder / "suite.yaml"


def peak_mb(*arguments):
    """As the process itself last had it: getrusage would count what this interpreter held when it forked."""
    process = subprocess.Popen([MINSLICE, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            peak = max(peak, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)
        except FileNotFoundError:
            break
        time.sleep(0.01)
    check(process.wait(timeout=60) == 0 and peak > 0, f"exit {process.returncode}")
    return peak / 1024


def test():
    if b"__asan_init" in pathlib.Path(MINSLICE).read_bytes():
        print("SKIP: AddressSanitizer keeps what was freed")
        sys.exit(77)
    whole, resumed = {}, {}
    with Folder() as top:
        for cases in (SMALL, LARGE):
            folder = top / str(cases)
            suite = write(folder, cases)
            with Mock(suite, "models: [{name: m, pass_rate: 0.9}]\n") as mock:
                log = folder / "log.jsonl"
                arguments = ["run", suite, "--target", "t", "--model", "m", "--base-url", mock.base_url, "-o", log, "--concurrency", 50, "--quiet"]
                whole[cases] = peak_mb(*arguments)
                check(len(read_log(log)[1]) == cases, "rows")
                lines = log.read_bytes().splitlines(keepends=True)
                log.write_bytes(b"".join(lines[: cases // 2]))
                del lines
                resumed[cases] = peak_mb(*arguments, "--resume")
                _, rows, end = read_log(log)
                check(end is not None and len({row["case_id"] for row in rows}) == cases == len(rows), "resumed")
    for what, peak in (("asked", whole), ("resumed", resumed)):
        growth = (peak[LARGE] - peak[SMALL]) * 2**20 / (LARGE - SMALL)
        print(f"{what}: {peak[SMALL]:.1f} MB for {SMALL} cases, {peak[LARGE]:.1f} MB for {LARGE}: {growth:.0f} bytes a case")
        # A case's line has 430 bytes. 8 MB for the blocks in which a log is read, and what an allocator keeps.
        check(peak[LARGE] - peak[SMALL] <= 100 * (LARGE - SMALL) / 2**20 + 8, f"{what}: {growth:.0f} bytes a case")


main(test)
