"""The store in SQLite and in PostgreSQL: what gate and run keep, what history shows, a rebuilt store equal to the original, gates at
once, a store that fails, names and passwords that must not get out.

usage: store_test.py MINSLICE sqlite|postgres
"""

import csv
import io
import json
import os
import pathlib
import sqlite3
import subprocess
import sys

from harness import MINSLICE, Folder, Mock, check, main, run, start, write_suite
from postgres_server import PostgresServer, binaries

ENGINE = sys.argv[2] if len(sys.argv) > 2 else "sqlite"
PASSWORD = "p@ss/w:rd %41'\\"
EVIL = "a\tb\nc\\d'); DROP TABLE minslice_runs; --\x1b[31mred\u202e"
TABLES = {
    "minslice_runs": "run_id",
    "minslice_run_models": "run_id, response_model",
    "minslice_answers": "run_id, position",
    "minslice_verdicts": "seq",
    "minslice_verdict_inputs": "verdict_id, position",
    "minslice_slices": "verdict_id, position",
}
POLICY = "goal: non_inferiority\nmetrics: [{name: pass, margin: 0.05}]\nsegments: {dimensions: [flow]}\n"


def write_log(path, target, passes, day="2026-11-20", started="03:00:00Z", nul=False):
    flows = ["refund", "invoice", EVIL + ("\0" if nul else "")]
    run_record = {"record": "run", "log_version": 1, "suite": "support", "suite_sha256": "ab" * 32, "target": target,
                  "request_model": target, "gateway": "http://127.0.0.1:1", "request": {"temperature": 0}, "repeats": 1,
                  "minslice": "0.1.0"}
    if day:
        run_record["started_at"] = f"{day}T{started}"
    rows = [run_record]
    for i in range(600):
        rows.append({"record": "case", "case_id": f"c{i:04}", "repeat": 1, "outcome": "pass" if passes(i) else "fail",
                     "scores": {"pass": int(passes(i))}, "segments": {"flow": flows[i % 3]}, "prompt_sha256": f"{i:064x}",
                     "response_model": target, "latency_ms": 100 / 3 + i, "cost_usd": 1e-5 * i, "input_tokens": 7,
                     "output_tokens": 3, "attempts": 1, "output": "x", "error": None})
    rows.append({"record": "end", "cases": 600, "repeats": 1, "spent_usd": 0.25, "ended_at": f"{day}T04:00:00Z"})
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return path


class Sqlite:
    def __init__(self, folder):
        self.folder = folder
        self.env = {}

    def store(self, name):
        return f"sqlite:{self.folder / name}.db"

    def rows(self, name, sql):
        with sqlite3.connect(self.folder / f"{name}.db") as database:
            return [list(row) for row in database.execute(sql)]

    def execute(self, name, sql):
        with sqlite3.connect(self.folder / f"{name}.db") as database:
            database.execute(sql)


class Postgres:
    def __init__(self, server):
        self.server = server
        self.env = {"EVAL_DB_PASSWORD": PASSWORD}
        self.known = set()

    def store(self, name):
        if name not in self.known:
            self.server.sql(f"CREATE DATABASE {name}")
            self.known.add(name)
        return self.server.url(name)

    def rows(self, name, sql):
        return [[None if cell == "\\N" else cell for cell in row] for row in csv.reader(io.StringIO(self.server.sql(sql, name)))]

    def execute(self, name, sql):
        self.server.sql(sql, name)


def dump(engine, name):
    """Every table, numbers as numbers whatever the engine prints."""

    def plain(cell):
        if cell is None or not isinstance(cell, str):
            return cell
        try:
            return float(cell)
        except ValueError:
            return cell

    tables = {}
    for table, key in TABLES.items():
        collation = ' COLLATE "C"' if isinstance(engine, Postgres) and "response_model" in key else ""
        rows = engine.rows(name, f"SELECT * FROM {table} ORDER BY {key}{collation}")
        tables[table] = [[plain(cell) for cell in row] for row in rows]
    return tables


def evidence(folder):
    (folder / "gate.yaml").write_text(POLICY)
    (folder / "ledger.yaml").write_text(POLICY + "ledger: {candidates: 1}\n")
    before = lambda i: i % 10 != 9
    logs = {"incumbent": write_log(folder / "incumbent.jsonl", "old", before, "2026-11-01")}
    logs["good"] = write_log(folder / "good.jsonl", "ft-good", lambda i: before(i) or i % 20 == 9, "2026-11-20")
    logs["bad"] = write_log(folder / "bad.jsonl", "ft-bad", lambda i: before(i) and not (i % 3 == 0 and i < 150), "2026-11-18")
    for k in range(4):
        logs[f"c{k}"] = write_log(folder / f"c{k}.jsonl", f"ft-{k}", lambda i, k=k: before(i) and i % 97 != k, f"2026-11-1{k}")
    return logs


def gate(folder, logs, candidate, *flags, policy="gate.yaml", expect=None, env=None):
    return run("gate", folder / policy, "--incumbent", logs["incumbent"], "--candidate", logs[candidate], *flags,
               expect=expect, env=env)


def keeps_and_rebuilds(engine, folder, logs):
    codes = {}
    for name in ("bad", "good"):
        alone = gate(folder, logs, name, "--out", folder / f"alone-{name}")
        stored = gate(folder, logs, name, "--out", folder / f"out-{name}", "--store", engine.store("first"), env=engine.env)
        check(stored.code == alone.code and stored.err == "", f"the store changes the gate: {alone} {stored}")
        same = (folder / f"alone-{name}" / "verdict.json").read_bytes() == (folder / f"out-{name}" / "verdict.json").read_bytes()
        check(same, "the store changes the verdict")
        codes[name] = stored.code
        gate(folder, logs, name, "--store", engine.store("first"), expect=stored.code, env=engine.env)
    check(codes["bad"] != 0 and codes["good"] == 0, f"{codes}")

    def history(*flags, store="first", expect=0):
        return run("history", "--store", engine.store(store), *flags, expect=expect, env={**engine.env, "COLUMNS": "80"})

    listed = json.loads(history("--format", "json").out)
    check([v["date"] for v in listed["verdicts"]] == ["2026-11-18", "2026-11-20"], f"twice gated, kept once: {listed}")
    verdict = json.loads((folder / "out-good/verdict.json").read_text())
    good = listed["verdicts"][1]
    check(good["verdict"] == verdict["verdict"] and good["delta"] == verdict["aggregate"]["delta"], f"{good}")
    check(good["ci_low"] == verdict["aggregate"]["ci_low"] and good["n_pairs"] == 600, f"every digit: {good}")
    for flags, n in (((), 2), (("--candidate", "bad"), 1), (("--since", "2026-11-19"), 1), (("--suite", "support"), 2),
                     (("--suite", "abab"), 2), (("--suite", "other"), 0), (("--verdict", "promote"), 1)):
        check(json.loads(history("--format", "json", *flags).out)["n_verdicts"] == n, f"{flags}")
    limited = json.loads(history("--format", "json", "--limit", 1).out)
    check([v["candidate"] for v in limited["verdicts"]] == ["ft-good"] and "1 older" in limited["notes"][0], f"{limited}")
    ids = [v["id"][:8] for v in listed["verdicts"]]
    compared = json.loads(history("--compare", *ids, "--format", "json").out)
    statuses = {s["value"]: (s["status_first"], s["status_second"]) for s in compared["slices"]}
    check(statuses["refund"][0] != statuses["refund"][1] and len(statuses) == 3, f"{compared}")
    trend = json.loads(history("--slice", "flow:refund", "--format", "json").out)
    want = [s for s in verdict["segments"] if s["value"] == "refund"][0]
    check(trend["trend"][1]["delta"] == want["delta"] and trend["trend"][1]["broke"] == len(want["broke"]), f"{trend}")
    runs = json.loads(history("--runs", "--format", "json").out)["runs"]
    check([(r["target"], r["rows"]) for r in runs] == [("old", 600), ("ft-bad", 600), ("ft-good", 600)], f"{runs}")
    for flags in ((), ("--runs",), ("--compare", *ids), ("--slice", "refund"), ("--slice", EVIL)):
        text = history(*flags).out
        check(all(len(line) <= 80 for line in text.splitlines()), f"80 columns: {flags}\n{text}")
        check("\x1b" not in text and "\u202e" not in text, f"a name reached the terminal: {flags}\n{text!r}")
    for flags in (("--compare", "zz", ids[0]), ("--slice", "nobody"), ("--since", "yesterday"), ("--runs", "--html", "x")):
        history(*flags, expect=2)

    # The trend page is that of report, by other labels.
    page = folder / "trend.html"
    history("--html", page)
    outs = [str(folder / f"out-{name}/verdict.json") for name in ("bad", "good")]
    run("report", *outs, "--html", folder / "report.html")
    text = page.read_text()
    for label, out in zip(ids, outs):
        text = text.replace(label, out)
    check(text == (folder / "report.html").read_text(), "history --html is not report --html")

    # Rebuilt from the evidence: every table of the original, row for row.
    run("history", "--store", engine.store("second"), "--rebuild", outs[0], logs["good"], logs["bad"], outs[1], logs["incumbent"],
        env=engine.env)
    first, second = dump(engine, "first"), dump(engine, "second")
    for table in TABLES:
        check(first[table] == second[table] and first[table], f"{table} differs after a rebuild")
    check(len(first["minslice_answers"]) == 1800, "answers")
    again = run("history", "--store", engine.store("second"), "--rebuild", outs[0], expect=2, env=engine.env)
    check("--rebuild wants an empty store" in again.err, again)
    added = run("history", "--store", engine.store("second"), "--import", outs[0], logs["c0"], env=engine.env)
    check("1 logs and 0 verdicts added, 1 were there already" in added.out, added)
    (folder / "broken.jsonl").write_text(logs["c1"].read_text()[:-3000] + "{broken\n")
    refused = run("history", "--store", engine.store("second"), "--import", logs["c1"], folder / "broken.jsonl", expect=2,
                  env=engine.env)
    check("broken.jsonl" in refused.err, refused)
    check(len(engine.rows("second", "SELECT 1 FROM minslice_runs")) == 4, "a refused import left a log behind")
    # Compressed, it is the same log.
    if subprocess.run(["zstd", "--version"], capture_output=True, check=False).returncode == 0:
        subprocess.run(["zstd", "-q", str(logs["c0"]), "-o", str(folder / "c0.jsonl.zst")], check=True)
        added = run("history", "--store", engine.store("second"), "--import", folder / "c0.jsonl.zst", env=engine.env)
        check("1 were there already" in added.out, added)
    return first


def gates_at_once(engine, folder, logs):
    """The store as the ledger: whatever gates at once, each candidate finds another number of them before it."""
    candidates = [f"c{k}" for k in range(4)]
    processes = []
    for name in candidates:
        flags = ["gate", folder / "ledger.yaml", "--incumbent", logs["incumbent"], "--candidate", logs[name]]
        processes.append(start(*flags, "--store", engine.store("team"), "--format", "json", env=engine.env))
    before = []
    for process in processes:
        out, err = process.communicate(timeout=180)
        check(process.returncode in (0, 10, 11, 12) and err == "", f"{process.returncode} {err}")
        before.append(json.loads(out)["ledger"]["gates_before"])
    check(sorted(before) == [0, 1, 2, 3], f"gates before each: {before}")
    listed = json.loads(run("history", "--store", engine.store("team"), "--format", "json", env=engine.env).out)
    check(listed["n_verdicts"] == 4, f"{listed}")
    check(len(engine.rows("team", "SELECT 1 FROM minslice_answers")) == 5 * 600, "a log was stored twice")
    check([int(r[0]) for r in engine.rows("team", "SELECT seq FROM minslice_verdicts ORDER BY seq")] == [1, 2, 3, 4], "seq")
    again = gate(folder, logs, "c0", "--store", engine.store("team"), "--format", "json", policy="ledger.yaml", env=engine.env)
    check(json.loads(again.out)["ledger"]["gates_before"] == before[0], "gated again, the verdict is another")


def a_store_that_fails(engine, folder, logs):
    plain = gate(folder, logs, "good")
    engine.execute("second", "UPDATE minslice_store SET schema_version = 2")
    kept = gate(folder, logs, "good", "--store", engine.store("second"), env=engine.env)
    check(kept.code == plain.code and kept.out == plain.out, f"a newer store changes the verdict: {kept}")
    check("has schema_version 2; this minslice reads 1" in kept.err and "the verdict stands" in kept.err, kept)
    refused = run("history", "--store", engine.store("second"), expect=2, env=engine.env)
    check("has schema_version 2" in refused.err, refused)
    stopped = gate(folder, logs, "good", "--store", engine.store("second"), policy="ledger.yaml", env=engine.env)
    check(stopped.code == 2 and stopped.out == "", f"a ledger that cannot be read must stop the gate: {stopped}")
    for wrong in ("file.db", "mysql://u@h/d", "sqlite:", "postgres://u:hunter2@127.0.0.1/d", "${NO_SUCH_VARIABLE}"):
        refused = gate(folder, logs, "good", "--store", wrong, expect=2)
        check(refused.out == "" and "hunter2" not in refused.err, refused)


def sqlite_files(engine, folder, logs):
    plain = gate(folder, logs, "good")
    (folder / "garbage.db").write_bytes(b"this is no database" * 100)
    with sqlite3.connect(folder / "foreign.db") as database:
        database.execute("CREATE TABLE theirs (x)")
    for path, text in ((folder / "garbage.db", "is no SQLite database"), (folder / "foreign.db", "is a database of something else"),
                       (folder / "no/such/folder.db", "cannot be opened")):
        kept = gate(folder, logs, "good", "--store", f"sqlite:{path}")
        check(kept.code == plain.code and kept.out == plain.out and text in kept.err, f"{path}: {kept}")
    check((folder / "garbage.db").read_bytes().startswith(b"this is no"), "a foreign file was changed")
    missing = run("history", "--store", f"sqlite:{folder / 'none.db'}", expect=2)
    check("does not exist" in missing.err and not (folder / "none.db").exists(), missing)


def runs_are_kept(engine, folder):
    """A run that was stopped is kept, and its later state takes its place."""
    (folder / "suite").mkdir()
    suite = write_suite(folder / "suite", 80)
    with Mock(suite, "models: [{name: m, pass_rate: 0.8, seed: 5}]\n") as mock:
        flags = ["run", suite, "--target", "t", "--model", "m", "--base-url", mock.base_url, "-o", folder / "run.jsonl", "--quiet"]
        flags += ["--store", engine.store("runs")]
        run(*flags, "--budget-requests", 30, expect=2, env=engine.env)
        check(engine.rows("runs", "SELECT finished, log_rows FROM minslice_runs") in ([[0, 30]], [["0", "30"]]), "stopped")
        run(*flags, "--resume", env=engine.env)
        check(engine.rows("runs", "SELECT finished, log_rows FROM minslice_runs") in ([[1, 80]], [["1", "80"]]), "resumed")
        check(len(engine.rows("runs", "SELECT 1 FROM minslice_answers")) == 80, "rows of the earlier state stayed")
        broken = run(*flags[:-5], "-o", folder / "b.jsonl", "--quiet", "--store", "sqlite:/proc/none.db")
        check("not stored; the logs stand" in broken.err and (folder / "b.jsonl").exists(), broken)


def secrets(engine, folder, logs):
    url = engine.store("first")
    for env in ({"EVAL_DB_PASSWORD": PASSWORD + "x"}, {"EVAL_DB_PASSWORD": "hunter2"}):
        refused = run("history", "--store", url, expect=1, env=env)
        check("password authentication failed" in refused.err, refused)
        check(env["EVAL_DB_PASSWORD"] not in refused.err + refused.out, refused)
    bare = url.replace(":${EVAL_DB_PASSWORD}", "")
    run("history", "--store", bare, env={"PGPASSWORD": PASSWORD})
    whole = run("history", "--store", "${EVAL_STORE}", env={"EVAL_STORE": bare, "PGPASSWORD": PASSWORD})
    check(PASSWORD not in whole.out, whole)
    plain = gate(folder, logs, "good")
    away = gate(folder, logs, "good", "--store", "postgres://team@127.0.0.1:1/none")
    check(away.code == plain.code and away.out == plain.out and "the verdict stands" in away.err, away)


def everything(engine, folder):
    logs = evidence(folder)
    first = keeps_and_rebuilds(engine, folder, logs)
    gates_at_once(engine, folder, logs)
    a_store_that_fails(engine, folder, logs)
    runs_are_kept(engine, folder)
    hostile = write_log(folder / "nul.jsonl", "ft-nul", lambda i: i % 7 != 0, nul=True)
    run("history", "--store", engine.store("first"), "--import", hostile, env=engine.env)
    return logs, first


def test():
    with Folder() as folder:
        if ENGINE == "sqlite":
            engine = Sqlite(folder)
            logs, _ = everything(engine, folder)
            sqlite_files(engine, folder, logs)
            return
        with PostgresServer(PASSWORD) as server:
            engine = Postgres(server)
            logs, first = everything(engine, folder)
            secrets(engine, folder, logs)
            # The same rows in both.
            outs = [folder / f"out-{name}/verdict.json" for name in ("bad", "good")]
            other = Sqlite(folder)
            run("history", "--store", other.store("copy"), "--rebuild", *outs, logs["incumbent"], logs["bad"], logs["good"])
            copied = dump(other, "copy")
            for table in TABLES:
                check(copied[table] == first[table], f"{table}: SQLite and PostgreSQL differ")


if ENGINE == "postgres" and binaries() is None:
    print("SKIP: no PostgreSQL server is installed (package postgresql)")
    sys.exit(77)
main(test)
