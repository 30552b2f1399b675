#!/usr/bin/env python3
"""The help of every command: no line beyond 80 columns, an example in it, and each example runs as it stands. The examples speak of one
working folder; it is made here by the demo.

usage: help_test.py MINSLICE
"""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

MINSLICE = pathlib.Path(sys.argv[1]).resolve()
TOP = pathlib.Path(__file__).resolve().parents[2]
FAULTS = []


def check(good, text):
    if not good:
        FAULTS.append(text)
        print("FAIL", text)


def help_of(words, form):
    environment = dict(os.environ, NO_COLOR="1", COLUMNS="80")
    command = [str(MINSLICE), *words, "--help"] if form == "flag" else [str(MINSLICE), "help", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


def visit(words=()):
    text = help_of(words, "flag")
    yield words, text
    inside = False
    for line in text.splitlines():
        inside = line.startswith("Subcommands:") or (inside and line.startswith(" "))
        found = re.match(r"  ([a-z][a-z-]*)( |$)", line)
        if inside and found:
            yield from visit((*words, found.group(1)))


def examples(text):
    """The indented lines under Example(s):, continued lines joined."""
    inside, found = False, []
    for line in text.splitlines():
        if re.match(r"Examples?:$", line):
            inside = True
        elif inside and line.startswith("  "):
            if found and found[-1].endswith("\\"):
                found[-1] = found[-1][:-1] + line.strip()
            else:
                found.append(line.strip())
        else:
            inside = False
    return found


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def make_counted_parts(folder):
    """The counts part-1 and part-2, each of one of two shards."""
    for part in (1, 2):
        sides = []
        for side in ("incumbent", "candidate"):
            run, *rows, end = [json.loads(line) for line in (folder / f"{side}.jsonl").read_text().splitlines()]
            rows = [row for row in rows if (row["case_id"][-1] in "02468") == (part == 1)]
            cases = len({row["case_id"] for row in rows})
            run.update(shard={"index": part, "of": 2}, cases=cases)
            end.update(cases=cases)
            sides += [f"--{side}", folder / f"{side}.{part}.jsonl"]
            sides[-1].write_text("".join(json.dumps(record) + "\n" for record in [run, *rows, end]))
        subprocess.run([str(MINSLICE), "--quiet", "reduce", *sides, "-o", folder / f"part-{part}"], check=True, timeout=120)


def make_folder(folder, port):
    subprocess.run([str(MINSLICE), "--quiet", "demo", "--dir", str(folder / "made")], stdout=subprocess.DEVNULL, check=True, timeout=120)
    for name in ("suite.yaml", "cases.jsonl", "incumbent.jsonl", "candidate.jsonl", "mock.yaml", "incumbent.outputs.jsonl",
                 "candidate.outputs.jsonl"):
        shutil.copy(folder / "made" / name, folder / name)
    suite = (folder / "suite.yaml").read_text()
    (folder / "suite.yaml").write_text(re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{port}", suite))
    shutil.copy(folder / "cases.jsonl", folder / "pool.jsonl")
    for name in ("gates", "tests"):
        (folder / name).symlink_to(TOP / name)
    for copy in ("run1", "run2", "run3", "monday", "tuesday"):
        log = (folder / "incumbent.jsonl").read_text()
        (folder / f"{copy}.jsonl").write_text(re.sub('"started_at":"[^"]*"', f'"started_at":"{copy}"', log, count=1))
    rows = (folder / "candidate.jsonl").read_text().splitlines(keepends=True)
    half = len(rows) // 2
    (folder / "shard-1.jsonl").write_text("".join(rows[:half]))
    (folder / "shard-2.jsonl").write_text(rows[0] + "".join(rows[half:-1]))
    make_counted_parts(folder)
    (folder / "damaged.jsonl").write_text("".join(rows[:half]) + rows[half][:40] + "\n" + "".join(rows[half + 1:]))
    (folder / "plan.yaml").write_text("{psi: 0.08, dimension: flow, slices: {refund_flow: 47, invoice: 210, other: 943}}\n")
    (folder / "early.yaml").write_text("version: 1\nsequential: {}\n")
    shutil.copy(TOP / "tests/data/alpaca_eval/FuseChat-Qwen-2.5-7B-Instruct.jsonl", folder / "qwen.jsonl")
    (folder / "results.csv").write_text("case,correct\na,1\nb,0\n")
    shutil.copy(TOP / "tests/data/peers/aborted_mock-b.eval", folder / "run.eval")
    shutil.copy(TOP / "tests/data/peers/two_providers_first3.jsonl", folder / "out.jsonl")
    shutil.copytree(folder / "made/report", folder / "report")
    # The verdict names its logs by path and hash; those copies have the hash.
    verdict = json.loads((folder / "report/verdict.json").read_text())
    for one in verdict["inputs"]:
        one["path"] = pathlib.Path(one["path"]).name
    (folder / "report/verdict.json").write_text(json.dumps(verdict))


def main():
    pages = list(visit())
    check(len(pages) > 20, f"{len(pages)} pages of help")
    for words, text in pages:
        for line in text.splitlines():
            check(len(line) <= 80, f"{' '.join(words) or 'minslice'}: {len(line)} columns: {line}")
        if words:
            check(help_of(words, "word") == text, f"minslice help {' '.join(words)}")
            check(examples(text), f"{' '.join(words)}: no example")
    with tempfile.TemporaryDirectory(prefix="minslice-help-") as folder:
        folder = pathlib.Path(folder)
        port = free_port()
        make_folder(folder, port)
        mock = subprocess.Popen([str(MINSLICE), "mock", "--config", str(folder / "mock.yaml"), "--port", str(port)], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)
        environment = dict(os.environ, PATH=f"{MINSLICE.parent}:{os.environ['PATH']}", HOME=str(folder), EVAL_VK="key", NO_COLOR="1")
        count = 0
        try:
            mock.stdout.readline()
            (folder / ".config/fish/completions").mkdir(parents=True)
            for words, text in pages:
                commands = examples(text)
                if words == ("mock",):  # two lines of one session, on a port that is free here
                    other = free_port()
                    commands = [" ".join([commands[0].replace("8090", str(other)), "server=$!; trap 'kill $server' EXIT;",
                                          f"for i in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/{other}) 2>/dev/null && break; sleep 0.1; done;",
                                          commands[1].replace("8090", str(other))])]
                if words == ("overhead",):  # both ways lead to the one mock
                    commands = [re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{port}", c) + " --requests 200 --block 50" for c in commands]
                for command in commands:
                    command = command.replace("/tmp/minslice-demo", str(folder / "again")).replace("| man -l -", "| cat")
                    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=300,
                                          stdin=subprocess.DEVNULL, check=False)
                    check(done.returncode in (0, 10, 11, 12, 13), f"{' '.join(words)}: $ {command}: exit {done.returncode}\n{done.stderr[-600:]}")
                    count += 1
        finally:
            mock.terminate()
            mock.wait(timeout=20)
    print(f"{len(pages)} pages, {count} examples: {len(FAULTS)} faults")
    sys.exit(1 if FAULTS else 0)


if __name__ == "__main__":
    main()
