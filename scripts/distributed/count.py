#!/usr/bin/env python3
"""Counts logs in an engine: runs the query of `minslice reduce --sql` there and hands its rows to `minslice reduce --tallies`.
Started by the scripts beside it, which bring the engine."""
import argparse
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time


def arguments(given=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=["duckdb", "postgres", "spark"])
    parser.add_argument("--minslice", required=True)
    parser.add_argument("--incumbent", nargs="+")
    parser.add_argument("--candidate", nargs="+")
    parser.add_argument("-o", "--output")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--metric", action="append", default=[])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--parquet", action="store_true")
    parser.add_argument("--server", help="folder of the PostgreSQL server's programs")
    parser.add_argument("--each", metavar="FILE", help="spark: a line of FILE holds the arguments of one count, as a JSON array; all in one session")
    parser.add_argument("--small", action="store_true", help="spark: for some thousand rows, interpret the query instead of compiling it")
    o = parser.parse_args(given)
    if o.each is None and not (o.incumbent and o.candidate and o.output):
        parser.error("--incumbent, --candidate and -o are needed")
    return o


def query(o, source, incumbent, candidate):
    command = [o.minslice, "reduce", "--sql", o.engine, "--from", source, "--repeats", str(o.repeats),
               "--incumbent", *incumbent, "--candidate", *candidate]
    for name in o.metric:
        command += ["--metric", name]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def with_duckdb(o, folder, rows):
    import duckdb
    engine = duckdb.connect()
    engine.execute(f"SET threads = {o.threads}")
    sides = [o.incumbent, o.candidate]
    if o.parquet:
        columns = ("record: 'VARCHAR', case_id: 'VARCHAR', repeat: 'BIGINT', outcome: 'VARCHAR', scores: 'JSON', segments: 'JSON', "
                   "cluster: 'VARCHAR', prompt_sha256: 'VARCHAR', response_model: 'VARCHAR', system_fingerprint: 'VARCHAR', "
                   "via: 'JSON', input_tokens: 'BIGINT', output_tokens: 'BIGINT', cost_usd: 'DOUBLE', latency_ms: 'DOUBLE'")
        made = []
        for side, logs in enumerate(sides):
            made.append([])
            for i, log in enumerate(logs):
                made[side].append(str(folder / f"{side}-{i}.parquet"))
                engine.execute(f"COPY (SELECT * FROM read_json({quoted(log)}, format = 'newline_delimited', columns = {{{columns}}})) "
                               f"TO {quoted(made[side][-1])} (FORMAT parquet)")
        sides = made
    started = time.monotonic()
    engine.execute(f"COPY ({query(o, 'parquet' if o.parquet else 'jsonl', *sides)}) TO {quoted(str(rows))} (FORMAT json)")
    return time.monotonic() - started


def spark_session(o, folder):
    from pyspark.sql import SparkSession
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    settings = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR",
                "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1", "spark.local.dir": str(folder),
                "spark.sql.warehouse.dir": str(folder / "warehouse"), "spark.sql.shuffle.partitions": str(2 * o.threads)}
    if o.small:
        # Nearly all of the time goes into making and compiling Java for plans that see a few rows.
        settings |= {"spark.sql.shuffle.partitions": "2", "spark.sql.adaptive.enabled": "false", "spark.sql.codegen.wholeStage": "false",
                     "spark.sql.codegen.factoryMode": "NO_CODEGEN",
                     "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
    builder = SparkSession.builder.master(f"local[{o.threads}]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def in_session(spark, o, rows):
    started = time.monotonic()
    absolute = [[os.path.abspath(log) for log in side] for side in (o.incumbent, o.candidate)]
    found = spark.sql(query(o, "jsonl", *absolute))
    with open(rows, "w") as out:
        for row in found.collect() if o.small else found.toLocalIterator():
            out.write(json.dumps(row.asDict()) + "\n")
    return time.monotonic() - started


def with_spark(o, folder, rows):
    spark = spark_session(o, folder)
    try:
        return in_session(spark, o, rows)
    finally:
        spark.stop()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def with_postgres(o, folder, rows):
    user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    data = folder / "data"
    data.mkdir()
    if user:
        os.chmod(folder, 0o755)
        shutil.chown(data, "postgres")
    owner = "postgres" if user else subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip()
    port = free_port()
    program = lambda name: str(pathlib.Path(o.server) / name)
    subprocess.run([*user, program("initdb"), "-D", str(data), "-A", "trust", "--no-sync", "-E", "UTF8", "--locale", "C"], check=True,
                   stdout=subprocess.DEVNULL)
    workers = max(0, o.threads - 1)
    settings = (f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c work_mem=512MB "
                f"-c max_parallel_workers_per_gather={workers}")
    subprocess.run([*user, program("pg_ctl"), "-D", str(data), "-w", "-t", "60", "-l", str(data / "server.log"), "-o", settings, "start"],
                   check=True, stdout=subprocess.DEVNULL)
    try:
        psql = [program("psql"), "-h", "127.0.0.1", "-p", str(port), "-U", owner, "-d", "postgres", "-q", "-X", "-v", "ON_ERROR_STOP=1"]
        for side, logs in (("incumbent", o.incumbent), ("candidate", o.candidate)):
            subprocess.run([*psql, "-c", f"CREATE TABLE {side} (line text)"], check=True)
            for log in logs:
                # Neither character can stand in a line of JSON, so each line is one value.
                with open(log, "rb") as lines:
                    subprocess.run([*psql, "-c", f"COPY {side} FROM STDIN (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')"], check=True,
                                   stdin=lines)
        started = time.monotonic()
        script = folder / "count.sql"
        script.write_text(f"SELECT row_to_json(found) FROM (\n{query(o, 'jsonl', ['incumbent'], ['candidate'])}) AS found;\n")
        with open(rows, "w") as out:
            subprocess.run([*psql, "-At", "-f", str(script)], check=True, stdout=out)
        return time.monotonic() - started
    finally:
        subprocess.run([*user, program("pg_ctl"), "-D", str(data), "-m", "immediate", "stop"], stdout=subprocess.DEVNULL)


def reduced(o, rows, seconds):
    command = [o.minslice, "reduce", "--tallies", str(rows), "--incumbent", *o.incumbent, "--candidate", *o.candidate, "-o", o.output]
    for metric in o.metric:
        command += ["--metric", metric]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    return done.returncode, done.stderr + f"{o.engine}: the query took {seconds:.2f} s\n"


def each(o, folder):
    """Prints a line for each count: its exit code and what it said."""
    spark = spark_session(o, folder)
    try:
        for line in open(o.each):
            own = arguments([o.engine, "--minslice", o.minslice, *json.loads(line)])
            own.small = o.small
            rows = folder / "rows.json"
            code, said = reduced(own, rows, in_session(spark, own, rows))
            print(json.dumps({"code": code, "stderr": said}), flush=True)
    finally:
        spark.stop()


def main():
    o = arguments()
    if o.parquet and o.engine != "duckdb":
        sys.exit("--parquet is for duckdb")
    if (o.each or o.small) and o.engine != "spark":
        sys.exit("--each and --small are for spark")
    with tempfile.TemporaryDirectory(prefix="minslice-engine-") as name:
        folder = pathlib.Path(name)
        if o.each:
            return each(o, folder)
        rows = folder / "rows.json"
        seconds = {"duckdb": with_duckdb, "postgres": with_postgres, "spark": with_spark}[o.engine](o, folder, rows)
        code, said = reduced(o, rows, seconds)
        sys.stderr.write(said)
    sys.exit(code)


if __name__ == "__main__":
    main()
