#!/usr/bin/env python3
"""gate --out and report as machines read them: JUnit by an XML parser, CSV by a CSV parser, metrics by the grammar of the text format
(and promtool where it is installed), annotations by the runner's rules; with hostile names and 1,000 slices. And what is left in the
folder when a gate fails half way.

usage: reports_test.py MINSLICE
"""
import csv
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

MINSLICE = str(pathlib.Path(sys.argv[1]).resolve())
FAULTS = []
csv.field_size_limit(1 << 24)  # a cell may hold a whole output
HOSTILE = ["\x1b]0;title\x07\x1b[2J", "]]></failure><script>alert(1)</script>", "=HYPERLINK(\"http://x\",\"y\")", "+1+1", "-2", "@SUM(A1)",
           "\u202eevil\u202c", "a\"b\\c", "a,b", "line\nbreak", "::error::owned", "##[error]owned", "100% & <b>", "\uff1d1+1", "\ufffe\uffff",
           "tab\tin", "x" * 5000, "|cell| `code` <img src=x onerror=alert(1)>", "@octocat", "-->"]


def check(good, text):
    if not good:
        FAULTS.append(text)
        print("FAIL", text)


def write_log(path, side, slices, passes, ids=None, output="", suite="reports"):
    rows = [{"record": "run", "log_version": 1, "suite": suite, "target": side, "request_model": f"acme/{side}-2026-01-01", "repeats": 1}]
    for number, name in enumerate(slices):
        n, good = passes(number)
        for i in range(n):
            rows.append({"record": "case", "case_id": (ids or "{}-{}").format(number, i), "repeat": 1,
                         "outcome": "pass" if i < good else "fail", "scores": {"pass": int(i < good)}, "segments": {"flow": name},
                         "response_model": f"{side}-2026-01-01", "cost_usd": 0.001, "latency_ms": 100 + i, "input_tokens": 10,
                         "output_tokens": 5, "finish_reason": "stop", "output": output})
    rows.append({"record": "end", "cases": sum(passes(k)[0] for k in range(len(slices))), "repeats": 1})
    path.write_bytes(b"".join(json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n" for row in rows))


def gate(*words, cwd=None, env=None):
    return subprocess.run([MINSLICE, *map(str, words)], capture_output=True, cwd=cwd, timeout=120, check=False, stdin=subprocess.DEVNULL,
                          env=dict(os.environ, NO_COLOR="1", **(env or {})))


def steers(data):
    """Control characters and direction marks that a terminal or an editor would obey."""
    return re.findall(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f]", data)


def check_junit(text, verdict, name):
    root = xml.etree.ElementTree.fromstring(text)
    suite = root.find("testsuite")
    cases = suite.findall("testcase")
    check(len(cases) == 2 + len(verdict["segments"]), f"{name}: a test case for verdict, aggregate and every slice")
    for what, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        check(int(suite.get(what)) == len(suite.findall(f"testcase/{tag}")) == int(root.get(what)), f"{name}: the count of {what}")
    names = [(case.get("classname"), case.get("name")) for case in cases]
    check(len(set(names)) == len(names), f"{name}: names of test cases are distinct")
    by_status = {"block": "failure", "below_floor": "failure", "suspected": "failure", "floor_unresolved": "failure",
                 "required_unresolved": "failure", "low_confidence": "skipped"}
    for case, segment in zip(cases[2:], verdict["segments"]):
        expected = by_status.get(segment["status"])
        found = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        check(found == ([expected] if expected else []), f"{name}: {segment['value'][:40]!r} is {segment['status']}, {found}")
    check((cases[0].find("failure") is None and cases[0].find("error") is None) == (verdict["verdict"] == "promote"),
          f"{name}: the test case verdict fails unless promote")
    check(root.find("testsuite/properties/property[@name='run_hash']").get("value") == verdict["run_hash"], f"{name}: run_hash")


FORMULA = re.compile("[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def check_csv(data, name):
    text = data.decode("utf-8")
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    check(len({len(row) for row in rows}) == 1, f"{name}: every row has as many cells as the header")
    check(text.endswith("\r\n"), f"{name}: CRLF")
    check(len(set(rows[0])) == len(rows[0]), f"{name}: column names are distinct")
    for row in rows[1:]:
        for column, cell in zip(rows[0], row):
            number = re.fullmatch(r"-?\d+(\.\d+)?(e[+-]\d+)?", cell) and column not in ("dimension", "value", "flow", "case_id")
            check(number or not FORMULA.match(cell), f"{name}: {column} begins a formula: {cell[:40]!r}")
    return [dict(zip(rows[0], row)) for row in rows[1:]]


SAMPLE = re.compile(r'([a-z_]+)\{((?:[a-z_0-9]+="(?:[^"\\\n]|\\\\|\\"|\\n)*",?)+)\} (-?[0-9.e+-]+)')


def check_metrics(text, name):
    """Every sample under its own HELP and TYPE, once; a family in one piece."""
    family, families, series = None, [], {}
    lines = text.splitlines()
    check(lines[-1] == "# EOF", f"{name}: ends with # EOF")
    for line in lines[:-1]:
        if line.startswith("# HELP "):
            family = line.split()[2]
            families.append(family)
        elif line.startswith("# TYPE "):
            check(line == f"# TYPE {family} gauge", f"{name}: {line}")
        else:
            match = SAMPLE.fullmatch(line)
            check(match and match.group(1) == family, f"{name}: {line[:100]!r}")
            if match:
                key = (match.group(1), match.group(2))
                check(key not in series, f"{name}: {line[:100]!r} twice")
                series[key] = float(match.group(3))
    check(len(set(families)) == len(families), f"{name}: a family stands in one place")
    promtool = shutil.which("promtool")
    if promtool:
        done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        check(done.returncode == 0, f"{name}: promtool: {done.stdout}{done.stderr}"[:500])
    return series


def check_annotations(text, name):
    kinds = {}
    for line in text.splitlines():
        match = re.fullmatch(r"::(error|warning|notice) ((?:file=[^:,]*,line=\d+,)?title=[^:,\r\n]*)::(.*)", line)
        check(match, f"{name}: {line[:120]!r}")
        if match:
            kinds[match.group(1)] = kinds.get(match.group(1), 0) + 1
            check(not re.search(r"%(?!25|0D|0A|3A|2C)", line), f"{name}: a bare % in {line[:120]!r}")
        check("##[" not in line, f"{name}: an older command in {line[:120]!r}")
    check(all(n <= 10 for n in kinds.values()), f"{name}: more than ten of a kind: {kinds}")
    return kinds


def check_all(folder, name):
    verdict = json.loads((folder / "verdict.json").read_bytes())
    check_junit((folder / "junit.xml").read_bytes(), verdict, f"{name} junit.xml")
    slices = check_csv((folder / "slices.csv").read_bytes(), f"{name} slices.csv")
    check(len(slices) == 1 + len(verdict["segments"]), f"{name}: slices.csv has the aggregate and every slice")
    for row, segment in zip(slices[1:], verdict["segments"]):
        for column in ("n_pairs", "delta", "ci_low", "ci_high", "p_adjusted"):
            value = segment[column]
            check(row[column] == "" if value is None else float(row[column]) == value, f"{name}: slices.csv {column} {row[column]}")
    prompts = check_csv((folder / "prompts.csv").read_bytes(), f"{name} prompts.csv")
    changed = {id for id in verdict["aggregate"]["broke"] + verdict["aggregate"]["fixed"]}
    check(len(prompts) == len(changed), f"{name}: prompts.csv has the prompts that changed: {len(prompts)} of {len(changed)}")
    series = check_metrics((folder / "minslice.prom").read_text("utf-8"), f"{name} minslice.prom")
    suite = verdict["suite"]
    for known in ("promote", "hold", "inconclusive", "blocked", "invalid"):
        check(series[("minslice_gate_verdict", f'suite="{suite}",verdict="{known}"')] == (known == verdict["verdict"]), f"{name}: {known}")
    check(abs(series[("minslice_delta_ratio", f'suite="{suite}",bound="estimate"')] - verdict["aggregate"]["delta"]) < 1e-12, f"{name}: delta")
    check_annotations((folder / "annotations.txt").read_text("utf-8"), f"{name} annotations.txt")
    comment = (folder / "report.md").read_text("utf-8")
    check(len(comment.encode()) <= 65000, f"{name}: report.md has {len(comment.encode())} bytes")
    check(len((folder / "summary.md").read_bytes()) <= 1000000, f"{name}: summary.md")
    for file in folder.iterdir():
        if file.is_file():
            found = steers(file.read_text("utf-8").replace("\r\n", "\n"))
            check(not found, f"{name} {file.name} holds {found[:3]}")
    return verdict


def snapshot(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def main():
    with tempfile.TemporaryDirectory(prefix="minslice-reports-") as top:
        top = pathlib.Path(top)
        policy = top / "gate.yaml"
        policy.write_text("version: 1\ngoal: non_inferiority\nsegments: {dimensions: [flow], floors: {pass_rate: 0.8}}\n")

        # Hostile names and ids; each slice with 40 cases, every third falls.
        slices = HOSTILE
        write_log(top / "a.jsonl", "incumbent", slices, lambda k: (40 if k % 5 else 12, 36 if k % 5 else 10), ids="=cmd|{}-{}")
        write_log(top / "b.jsonl", "candidate", slices, lambda k: (40 if k % 5 else 12, (15 if k % 3 == 0 else 37) if k % 5 else 9), ids="=cmd|{}-{}")
        # A megabyte of output, invalid UTF-8 within it.
        with open(top / "b.jsonl", "rb") as file:
            rows = file.read().split(b"\n")
        broken = next(i for i, row in enumerate(rows) if b'"=cmd|3-20"' in row)
        rows[broken] = rows[broken].replace(b'"output": ""', b'"output": "' + b"=\x1b[2J".replace(b"\x1b", b"\\u001b") * 150000 + b'"')
        (top / "b.jsonl").write_bytes(b"\n".join(rows))
        done = gate("gate", policy, "--incumbent", top / "a.jsonl", "--candidate", top / "b.jsonl", "--out", top / "hostile")
        check(done.returncode == 12, f"hostile: exit {done.returncode} {done.stderr[:300]}")
        check_all(top / "hostile", "hostile")
        comment = (top / "hostile/report.md").read_text("utf-8")
        for needle in ("<script", "<img", "@octocat", "](http"):
            check(needle not in comment, f"hostile: report.md holds {needle}")

        # The same with the outputs, from the logs that the verdict names.
        done = gate("report", top / "hostile/verdict.json", "--csv-prompts", top / "full.csv")
        check(done.returncode == 0, f"--csv-prompts: {done.returncode} {done.stderr[:300]}")
        rows = check_csv((top / "full.csv").read_bytes(), "full.csv")
        check(len(rows) == len(check_csv((top / "hostile/prompts.csv").read_bytes(), "prompts.csv")), "full.csv has the same prompts")
        check(any(len(row["candidate_output"]) > 900000 for row in rows), "full.csv holds the megabyte of output")
        check(not steers((top / "full.csv").read_text("utf-8").replace("\r\n", "\n")), "full.csv steers no terminal")
        done = gate("report", top / "hostile/verdict.json", "--csv-prompts", top / "a.jsonl")
        check(done.returncode == 2 and b"is the input" in done.stderr, "--csv-prompts is never written over a log")
        with open(top / "b.jsonl", "ab") as file:
            file.write(b"\n")
        done = gate("report", top / "hostile/verdict.json", "--csv-prompts", top / "none.csv")
        check(done.returncode == 2 and b"SHA-256 differs" in done.stderr and not (top / "none.csv").exists(), "another log is refused")
        with open(top / "b.jsonl", "rb+") as file:
            file.truncate(file.seek(0, os.SEEK_END) - 1)

        # 1,000 slices, 30 of them blocked; and 1,000 all blocked.
        names = [f"customer_{k:04}" for k in range(1000)]
        write_log(top / "c.jsonl", "incumbent", names, lambda k: (30, 27), suite="thousand")
        for out, bad in (("thousand", lambda k: k % 33 == 0), ("all", lambda k: True)):
            write_log(top / "d.jsonl", "candidate", names, lambda k: (30, 2 if bad(k) else 28), suite="thousand")
            done = gate("gate", policy, "--incumbent", top / "c.jsonl", "--candidate", top / "d.jsonl", "--out", top / out)
            check(done.returncode == 12, f"{out}: exit {done.returncode} {done.stderr[:300]}")
            verdict = check_all(top / out, out)
            blocked = [s["value"] for s in verdict["segments"] if s["status"] in ("block", "below_floor")]
            check(len(blocked) == sum(bad(k) for k in range(1000)), f"{out}: {len(blocked)} blocked")
            for file in ("report.md", "summary.md", "junit.xml"):
                text = (top / out / file).read_text("utf-8").replace("&#95;", "_")
                absent = [name for name in blocked if name not in text]
                check(not absent, f"{out}: {len(absent)} blocked slices are not in {file}, e.g. {absent[:3]}")
            kinds = check_annotations((top / out / "annotations.txt").read_text("utf-8"), out)
            check(kinds.get("error") == 10, f"{out}: ten errors: {kinds}")
            check(f"{len(blocked) - 8} more slices block" in (top / out / "annotations.txt").read_text("utf-8"), f"{out}: the rest is counted")

        # The same verdict renders to the same bytes, and report writes what gate wrote.
        first = snapshot(top / "thousand")
        write_log(top / "d.jsonl", "candidate", names, lambda k: (30, 2 if k % 33 == 0 else 28), suite="thousand")
        gate("gate", policy, "--incumbent", top / "c.jsonl", "--candidate", top / "d.jsonl", "--out", top / "thousand")
        check(snapshot(top / "thousand") == first, "the same logs give the same bytes")
        again = top / "again"
        again.mkdir()
        flags = {"markdown": "report.md", "summary": "summary.md", "junit": "junit.xml", "annotations": "annotations.txt", "csv": "slices.csv",
                 "prometheus": "minslice.prom", "json": "verdict.json"}
        words = [word for flag, file in flags.items() for word in (f"--{flag}", again / file)]
        check(gate("report", top / "thousand/verdict.json", *words).returncode == 0, "report writes every file")
        for flag, file in flags.items():
            check((again / file).read_bytes() == first[file], f"report --{flag} writes what gate wrote")
            shown = gate("report", top / "thousand/verdict.json", "--format", flag).stdout
            check(shown == first[file], f"report --format {flag} shows what gate wrote")

        robustness(top, policy)
    print(f"{len(FAULTS)} faults")
    sys.exit(1 if FAULTS else 0)


def robustness(top, policy):
    inputs = ("--incumbent", top / "a.jsonl", "--candidate", top / "b.jsonl")
    out = top / "out"
    check(gate("gate", policy, *inputs, "--out", out).returncode == 12, "the gate that is repeated below")
    whole = snapshot(out)

    # A gate that fails leaves no report in the folder that could be taken for its own; the earlier ones lie in earlier/.
    broken = top / "broken.yaml"
    broken.write_text("version: 1\ngaol: superiority\n")
    check(gate("gate", broken, *inputs, "--out", out).returncode == 2, "a broken policy ends with 2")
    check(snapshot(out) == {}, f"a failed gate leaves {sorted(snapshot(out))}")
    check(snapshot(out / "earlier") == whole, "the earlier reports are in earlier/")
    check(gate("gate", policy, *inputs, "--out", out).returncode == 12, "and the next gate")
    check(snapshot(out) == whole and not (out / "earlier").exists(), "writes its own and removes those")

    # The disk takes no more: no file of the new run appears, none is cut, no temporary stays.
    done = subprocess.run(["bash", "-c", 'trap "" XFSZ; ulimit -f 8; exec "$@"', "bash", MINSLICE, "gate", str(policy), *map(str, inputs), "--out",
                           str(out)], capture_output=True, check=False)
    check(done.returncode == 1 and b"cannot be written" in done.stderr, f"a full disk ends with 1: {done.returncode} {done.stderr[:200]}")
    check(snapshot(out) == {}, f"a full disk leaves {sorted(snapshot(out))}")
    gate("gate", policy, *inputs, "--out", out)

    # A folder stands where a report should: nothing is written.
    (out / "junit.xml").unlink()
    (out / "junit.xml").mkdir()
    (out / "junit.xml/keep").write_text("mine")
    (out / "earlier").mkdir()
    (out / "earlier/junit.xml").write_text("in the way")
    check(gate("gate", policy, *inputs, "--out", out).returncode == 2, "a folder in the place of a report ends with 2")
    check((out / "junit.xml/keep").read_text() == "mine", "and is left alone")
    shutil.rmtree(out)

    # No output is written over an input, by whatever name it is reached.
    log = top / "a.jsonl"
    before = log.read_bytes()
    for link in ("symbolic", "hard"):
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        (out / "verdict.json").symlink_to(log) if link == "symbolic" else os.link(log, out / "verdict.json")
        done = gate("gate", policy, *inputs, "--out", out)
        check(done.returncode == 2 and b"is the input" in done.stderr, f"a {link} link to a log: {done.returncode} {done.stderr[:200]}")
        check(log.read_bytes() == before and (out / "verdict.json").exists(), f"the log behind a {link} link is as it was")
    shutil.rmtree(out)
    (top / "linked").mkdir()
    out.symlink_to(top / "linked")
    check(gate("gate", policy, *inputs, "--out", out).returncode == 12 and (top / "linked/verdict.json").exists(), "--out through a link works")
    done = gate("report", out / "verdict.json", "--json", top / "linked/verdict.json")
    check(done.returncode == 2 and b"is the input" in done.stderr, "report does not write over its verdict")
    done = gate("report", out / "verdict.json", "--csv", top / "s.csv", "--junit", top / "nowhere/j.xml")
    check(done.returncode == 2 and not (top / "s.csv").exists() and b"nowhere/j.xml" in done.stderr, "all files or none")

    # What cannot be printed is no verdict.
    with open("/dev/full", "wb") as full:
        done = subprocess.run([MINSLICE, "report", str(out / "verdict.json")], stdout=full, stderr=subprocess.PIPE, check=False)
    check(done.returncode == 1 and b"standard output" in done.stderr, f"/dev/full: {done.returncode}")
    done = subprocess.run(["bash", "-c", '"$0" gate "$@" >&-', MINSLICE, str(policy), *map(str, inputs)], capture_output=True, check=False)
    check(done.returncode == 1 and b"standard output" in done.stderr, f"closed stdout: {done.returncode} {done.stderr[:200]}")
    done = gate("report", out / "verdict.json", "--csv", "/dev/full")
    check(done.returncode == 1 and b"/dev/full" in done.stderr, f"--csv /dev/full: {done.returncode} {done.stderr}")


if __name__ == "__main__":
    main()
