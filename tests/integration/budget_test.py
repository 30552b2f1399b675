"""Caps on what a run may spend, against the provider's own count: nothing beyond the cap, an unfinished log that says what is
missing, an invalid verdict, and a larger budget that goes on where it stopped."""

import json

from harness import Folder, Mock, check, final_rows, main, read_log, run, write_suite

MODELS = "models:\n  - {name: gpt-4o-mini, pass_rate: 0.9, seed: 3}\n  - {name: priced, cost_usd: 0.01}\n  - {name: unknown}\n"
POLICY = "version: 1\n"


def ask(suite, log, mock, model, *more, concurrency=20, expect=0):
    arguments = ["run", suite, "--target", "t", "--model", model, "-o", log, "--base-url", mock.base_url]
    return run(*arguments, "--concurrency", concurrency, *more, expect=expect)


def reckoned(rows):
    """USD by the price table's 0.15 and 0.6 a million tokens."""
    return sum(row["input_tokens"] * 0.15e-6 + row["output_tokens"] * 0.6e-6 for row in rows)


def dollars(folder):
    suite = write_suite(folder, 300, "request: {max_tokens: 20}\nbudget: {usd: 0.0005}\n")
    log = folder / "usd.jsonl"
    with Mock(suite, MODELS) as mock:
        ended = ask(suite, log, mock, "gpt-4o-mini", expect=2)
        check("the budget of 0.0005 USD has no room for another request" in ended.err, ended)
        record, rows, end = read_log(log)
        check(record["price"] == {"model": "gpt-4o-mini", "input_usd_per_mtok": 0.15, "output_usd_per_mtok": 0.6,
                                  "as_of": record["price"]["as_of"]}, record)
        check(mock.stats()["requests"] == len(rows), "every request is a row")
        spent = reckoned(rows)
        check(0.00045 < spent <= 0.0005, f"{spent} USD spent")
        check(abs(spent - sum(row["cost_usd"] for row in rows)) < 1e-12, "the rows' costs")
        stop = json.loads(log.read_text().splitlines()[-1])
        check(stop["record"] == "stop" and stop["reason"] == "budget_exhausted" and end is None, stop)
        check(stop["answered"] == len(rows) and stop["missing"] == 300 - len(rows), stop)
        (folder / "gate.yaml").write_text(POLICY)
        verdict = run("gate", folder / "gate.yaml", "--incumbent", log, "--candidate", log, expect=13)
        check(f"{stop['missing']} rows missing" in verdict.out and "larger budget" in verdict.out, verdict)
        ask(suite, log, mock, "gpt-4o-mini", "--resume", expect=2)
        check(mock.stats()["requests"] - len(rows) <= 1, "what is spent stays spent")
        ask(suite, log, mock, "gpt-4o-mini", "--resume", "--budget-usd", 1)
        _, rows, end = read_log(log)
        check(end and len(final_rows(rows)) == 300 and mock.stats()["requests"] == len(rows), "the larger budget completes it")


def the_gateways_own_cost(folder):
    suite = write_suite(folder, 300, "request: {max_tokens: 20}\nbudget_usd: 1\n")
    log = folder / "own.jsonl"
    with Mock(suite, MODELS) as mock:
        ended = ask(suite, log, mock, "priced", expect=2)
        check(mock.stats()["requests"] <= 100, f"{mock.stats()['requests']} requests of 0.01 USD for 1 USD: {ended}")
        check(mock.stats()["requests"] >= 60, f"{mock.stats()['requests']} requests: it stopped too early: {ended}")


def counts_and_time(folder):
    suite = write_suite(folder, 300, "request: {max_tokens: 20}\n")
    with Mock(suite, MODELS + "latency: {ms: 50}\n") as mock:
        ended = ask(suite, folder / "requests.jsonl", mock, "unknown", "--budget-requests", 37, expect=2)
        check(mock.stats()["requests"] == 37 and "37 requests is used up" in ended.err, ended)
        ended = ask(suite, folder / "tokens.jsonl", mock, "unknown", "--budget-tokens", 2000, expect=2)
        _, rows, _ = read_log(folder / "tokens.jsonl")
        used = sum(row["input_tokens"] + row["output_tokens"] for row in rows)
        check(1700 < used <= 2000 and "2000 tokens" in ended.err, f"{used} tokens: {ended}")
        before = mock.stats()["requests"]
        ended = ask(suite, folder / "wall.jsonl", mock, "unknown", "--budget-wall", 0.3, concurrency=2, expect=2)
        check("0.3 s is used up" in ended.err and mock.stats()["requests"] - before < 40, ended)


def prices_of_ones_own(folder):
    suite = write_suite(folder, 5, "request: {max_tokens: 20}\nbudget: {usd: 0.5}\nprices: own.yaml\n")
    (folder / "own.yaml").write_text("version: 1\nas_of: 2026-11-01\nmodels:\n  unknown: {input: 1000, output: 1000}\n")
    with Mock(suite, MODELS) as mock:
        log = folder / "own.jsonl"
        ask(suite, log, mock, "unknown")
        record, rows, _ = read_log(log)
        check(record["price"]["as_of"] == "2026-11-01", record)
        check(all(abs(row["cost_usd"] - (row["input_tokens"] + row["output_tokens"]) * 1e-3) < 1e-9 for row in rows), rows)
        (folder / "own.yaml").write_text("version: 1\nas_of: soon\nmodels:\n  unknown: {inptu: 1, output: -1}\n")
        ended = ask(suite, folder / "bad.jsonl", mock, "unknown", expect=2)
        for words in ("own.yaml:2:", "YYYY-MM-DD", 'did you mean "input"', "own.yaml:4:"):
            check(words in ended.err, f"{words}: {ended}")
        check(not (folder / "bad.jsonl").exists(), "nothing may be written")


def test():
    for part in (dollars, the_gateways_own_cost, counts_and_time, prices_of_ones_own):
        with Folder() as folder:
            part(folder)
        print(f"{part.__name__}: ok", flush=True)


main(test)
