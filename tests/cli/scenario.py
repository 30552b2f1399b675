#!/usr/bin/env python3
"""Runs command scenarios: text files that a reviewer reads without C++ (tests/cli/*.test), or the console blocks of a document.

    $ minslice compare --table 1,2,3          the command, run by bash in a fresh folder; \\ at the end continues it,
                                             and so does a here-document (<<'END') up to its END
    ? 2                                       its exit code; without this line it must be 0
    ! minslice: --table: expected ...         a line of stderr
    a line                                    a line of stdout
    ...                                       any number of lines (also `! ...`); {*} inside a line is any text

All of stdout and stderr must be matched; a command without any `!` line may still write notes to stderr if it ends with 0.
Lines before the first `$` and lines that begin with `# ` are comments. In documents, ```console blocks are taken in order and run in
one folder; `<!-- run: exit 12 -->` before a block gives the exit code of its last command, `<!-- run: no -->` skips the block.

usage: scenario.py --minslice BIN [--top DIR] FILE...
In commands: minslice is on PATH, $DATA is tests/data, $TOP the source tree, $SHARED the shared folder (files that need it begin with
`# needs: shared` and are skipped with a line where it is absent).
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile


HERE_DOCUMENT = re.compile(r"<<\s*'?(\w+)'?")


def parse_scenario(text):
    commands, current, continued, here = [], None, False, None
    for line in text.splitlines():
        if here:
            current["command"] += "\n" + line
            here = None if line == here else here
        elif continued or line.startswith("$ "):
            if continued:
                current["command"] += "\n" + line
            else:
                current = {"command": line[2:], "out": [], "err": [], "exit": 0}
                commands.append(current)
            continued = line.endswith("\\")
            found = HERE_DOCUMENT.search(line)
            here = found.group(1) if found else None
        elif current is None or line.startswith("# ") or line == "#":
            continue
        elif re.fullmatch(r"\? \d+", line):
            current["exit"] = int(line[2:])
        elif line.startswith("!"):
            current["err"].append(line[2:])
        else:
            current["out"].append(line)
    for command in commands:  # blank lines between commands are layout
        while command["out"] and not command["out"][-1].strip():
            command["out"].pop()
    return commands


def parse_document(text):
    commands, note, block = [], "", None
    for line in text.splitlines():
        if block is None:
            if line.startswith("```console"):
                block = []
            elif line.startswith("<!-- run:"):
                note = line[len("<!-- run:"):].replace("-->", "").strip()
            elif line.strip():
                note = ""
        elif line.startswith("```"):
            if note != "no":
                # In a document a block without output lines promises nothing about output.
                found = parse_scenario("\n".join(block))
                for command in found:
                    if not command["out"]:
                        command["out"] = ["..."]
                if note.startswith("exit") and found:
                    found[-1]["exit"] = int(note.split()[1])
                commands += found
            block, note = None, ""
        else:
            block.append(line)
    return commands


def line_matches(expected, actual):
    pattern = ".*".join(re.escape(part) for part in expected.rstrip().split("{*}"))
    return re.fullmatch(pattern, actual.rstrip()) is not None


def matches(expected, actual):
    """Whole-text match, `...` standing for any lines."""
    reachable = {0}
    for line in expected:
        if line.strip() == "...":
            reachable = set(range(min(reachable), len(actual) + 1))
        else:
            reachable = {i + 1 for i in reachable if i < len(actual) and line_matches(line, actual[i])}
        if not reachable:
            return False
    return len(actual) in reachable


def run_file(path, options):
    text = path.read_text()
    shared = options.top / ".." / "shared"
    if "# needs: shared" in text.splitlines()[:5] and not shared.exists():
        print(f"SKIP {path.name}: the shared folder is not here")
        return True
    commands = parse_document(text) if path.suffix == ".md" else parse_scenario(text)
    environment = dict(os.environ, DATA=str(options.top / "tests/data"), TOP=str(options.top), SHARED=str(shared),
                       NO_COLOR="1", COLUMNS="96", LC_ALL="C.UTF-8",
                       PATH=f"{options.minslice.parent}:{os.environ['PATH']}")
    good = True
    with tempfile.TemporaryDirectory(prefix="minslice-scenario-") as folder:
        if path.suffix == ".md":  # documents speak from the top of a checkout
            for name in ("configs", "gates", "tests", "scripts", "docs"):
                os.symlink(options.top / name, pathlib.Path(folder) / name)
        for command in commands:
            done = subprocess.run(["bash", "-c", command["command"]], cwd=folder, env=environment, timeout=300,
                                  stdin=subprocess.DEVNULL, capture_output=True, check=False)
            out = done.stdout.decode("utf-8", "replace").splitlines()
            err = done.stderr.decode("utf-8", "replace").splitlines()
            faults = []
            if done.returncode != command["exit"]:
                faults.append(f"exit {done.returncode}, expected {command['exit']}")
            if not matches(command["out"], out):
                faults.append("stdout differs")
            if (command["err"] or command["exit"] != 0) and path.suffix != ".md" and not matches(command["err"], err):
                faults.append("stderr differs")
            if faults:
                good = False
                print(f"FAIL {path.name}: $ {command['command']}\n  {'; '.join(faults)}")
                for name, expected, actual in (("stdout", command["out"], out), ("stderr", command["err"], err)):
                    print(f"  expected {name}:")
                    print("".join(f"    {line}\n" for line in expected), end="")
                    print(f"  actual {name}:")
                    print("".join(f"    {line}\n" for line in actual[:120]), end="")
                break
    if good:
        if not commands:
            print(f"FAIL {path.name}: no command in it")
            return False
        print(f"ok   {path.name}: {len(commands)} commands")
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minslice", type=pathlib.Path, required=True)
    parser.add_argument("--top", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("files", type=pathlib.Path, nargs="+")
    options = parser.parse_args()
    options.minslice = options.minslice.resolve()
    options.top = options.top.resolve()
    results = [run_file(path, options) for path in options.files]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
