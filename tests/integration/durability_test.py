"""The world breaks under a run: a full disk, a folder that cannot be written, a log that is deleted, a second writer, another suite,
target or request than the log's. Each ends clearly, and what was answered is in a log that --resume completes."""

import json
import os
import resource
import subprocess
import time

from harness import MINSLICE, Folder, Mock, check, final_rows, main, read_log, run, start, write_suite

CASES = 600
CONFIG = "models: [{name: m, pass_rate: 0.9, seed: 5}]\nlatency: {ms: 20}\n"


def rows(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def wait_for(condition, what):
    limit = time.monotonic() + 60
    while not condition():
        check(time.monotonic() < limit, f"{what}: not within 60 s")
        time.sleep(0.005)


def complete(log, arguments):
    run(*arguments, "-o", log, "--resume")
    _, lines, end = read_log(log)
    check(end is not None and len(final_rows(lines)) == CASES, f"{log}: not completed")


def full_disk(folder, arguments):
    log = folder / "full.jsonl"
    limit = 40000
    ended = subprocess.run(
        [MINSLICE, *map(str, arguments), "-o", str(log)],
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    check(ended.returncode == 1, f"full disk: {ended}")
    check("cannot be written: file too large" in ended.stderr and "--resume" in ended.stderr, f"full disk: {ended}")
    written = log.read_bytes()
    check(limit - 1000 < len(written) <= limit and written.endswith(b"\n"), "full disk: whole rows, up to the limit")
    complete(log, arguments)
    check(log.read_bytes().startswith(written), "full disk: a row changed")


def no_place(folder, arguments):
    ended = run(*arguments, "-o", "/proc/minslice.jsonl", expect=None)
    check(ended.code == 2 and "/proc/minslice.jsonl: cannot be written" in ended.err, f"no place: {ended}")
    ended = run(*arguments, "-o", folder / "missing" / "log.jsonl", expect=None)
    check(ended.code == 2 and "no such file or directory" in ended.err, f"no folder: {ended}")
    if os.geteuid() != 0:
        closed = folder / "closed"
        closed.mkdir(mode=0o555)
        ended = run(*arguments, "-o", closed / "log.jsonl", expect=None)
        check(ended.code == 2 and "permission denied" in ended.err, f"read-only folder: {ended}")


def deleted(folder, arguments):
    log = folder / "deleted.jsonl"
    process = start(*arguments, "-o", log)
    wait_for(lambda: rows(log) > 100, "rows")
    log.unlink()
    out, err = process.communicate(timeout=60)
    check(process.returncode == 1 and "was deleted or replaced" in err, f"deleted: {process.returncode} {err}")
    rescued = folder / "deleted.jsonl.rescued"
    check(rows(rescued) > 100, f"deleted: nothing was saved: {err}")
    kept = rescued.read_bytes()
    rescued.rename(log)
    complete(log, arguments)
    check(log.read_bytes().startswith(kept), "deleted: a row changed")


def two_writers(folder, arguments):
    log = folder / "two.jsonl"
    process = start(*[2 if word == 20 else word for word in arguments], "-o", log)  # lasts long enough to be met
    wait_for(lambda: rows(log) > 10, "rows")
    ended = run(*arguments, "-o", log, "--resume", expect=None)
    check(ended.code == 2 and "is being written by another process" in ended.err, f"second writer: {ended}")
    process.communicate(timeout=60)
    check(process.returncode == 0, "the first writer was disturbed")


def other_run(folder, suite, arguments):
    log = folder / "two.jsonl"
    before = log.read_bytes()

    def refused(what, *changed):
        ended = run(*(changed or arguments), "-o", log, "--resume", expect=None)
        check(ended.code == 2 and f"cannot be resumed: {what} was" in ended.err, f"{what}: {ended}")
        check(log.read_bytes() == before, f"{what}: the log was touched")

    swap = lambda a, b: [b if x == a else x for x in arguments]
    refused("the model", *swap("m", "mock-perfect"))
    refused("the target", *swap("t", "u"))
    refused("repeats", *arguments, "--repeats", 2)
    refused("the shard", *arguments, "--shard", "1/2")
    text = suite.read_text()
    suite.write_text(text + "request: {temperature: 1}\n")
    refused("the request")
    suite.write_text(text)
    cases = folder / "cases.jsonl"
    kept = cases.read_text()
    lines = kept.splitlines()
    row = json.loads(lines[0])
    row["expected"] = "another"
    cases.write_text("\n".join([json.dumps(row), *lines[1:]]) + "\n")
    refused("the suite's digest")
    cases.write_text(kept)


def test():
    with Folder() as folder:
        suite = write_suite(folder, CASES)
        with Mock(suite, CONFIG) as mock:
            arguments = ["run", suite, "--target", "t", "--model", "m", "--base-url", mock.base_url]
            arguments += ["--concurrency", 20, "--quiet"]
            full_disk(folder, arguments)
            no_place(folder, arguments)
            deleted(folder, arguments)
            two_writers(folder, arguments)
            other_run(folder, suite, arguments)


main(test)
