"""One suite of 300 cases and the catalogue of faults through a real gateway in front of minslice mock, held against the direct
run: the logs must agree case for case, and every fault must end as it ends without the gateway.

  gateway_conformance.py MINSLICE NAME            one gateway (litellm, portkey, bifrost); exit 77 where it cannot run here
  gateway_conformance.py MINSLICE --write-docs    all of them; the table between the markers of docs/gateways.md is made anew
"""

import datetime
import json
import re
import sys

import gateways
from harness import TOP, Failed, Folder, Mock, check, final_rows, main, read_log, run, write_suite

CASES = 300
BEGIN, END = "<!-- made by tests/integration/gateway_conformance.py -->", "<!-- end of what it made -->"
FIELDS = ("outcome", "output", "scores", "segments", "prompt_sha256", "finish_reason")
# Where a gateway leaves less than the provider said; each is in the table, and the run is none the worse for it.
KNOWN = {("litellm", "http_403"): "the key is refused", ("litellm", "bad_json"): "asked again"}


def suite_of(folder, gateway, cases, extra=""):
    kind = "" if gateway.name == "direct" else f"gateway: {{kind: {gateway.name}}}\n"
    # Free by the price table: a cost in the log is then the gateway's own.
    (folder / "free.yaml").write_text(f"version: 1\nas_of: 2026-11-21\nmodels: {{{gateways.MODEL}: {{input: 0, output: 0}}}}\n")
    settings = "request: {system: 'You count.', max_tokens: 64}\nprices: free.yaml\n"
    return write_suite(folder, cases, kind + settings + extra)


def ask(folder, gateway, model, suite, log, *more, expect=0):
    arguments = ["run", suite, "--target", "t", "--model", gateway.model(model), "-o", log, *gateway.flags(), *more]
    return run(*arguments, "--concurrency", 16, expect=expect, timeout=600)


def whole_suite(folder, name):
    """The rows of the suite, with what the provider counted; and the same while it answers with 429 and 500."""
    found = {}
    for what, faults in (("calm", ""), ("storm", "faults: {http_429: 0.1, http_500: 0.05, retry_after_s: 0.2}\n")):
        suite_folder = folder / what
        suite_folder.mkdir(exist_ok=True)
        plain = write_suite(suite_folder, CASES)
        with Mock(plain, gateways.fault_models() + faults) as mock, gateways.Gateway(name, mock.base_url) as gateway:
            suite = suite_of(suite_folder, gateway, CASES, "max_attempts: 12\n")
            log = suite_folder / f"{name}.jsonl"
            ended = ask(suite_folder, gateway, gateways.MODEL, suite, log)
            record, rows, end = read_log(log)
            check(end is not None, f"{name} {what}: {ended}")
            stats = mock.stats()
            found[what] = {
                "record": record,
                "rows": {key[0]: row for key, row in final_rows(rows).items()},
                "requests": stats["requests"],
                "faults": sum(stats["faults"].values()),
            }
    return found


def every_fault(folder, name):
    """What the run makes of each fault when the provider commits it at every request."""
    found = {}
    plain = write_suite(folder, 3)
    with Mock(plain, gateways.fault_models()) as mock, gateways.Gateway(name, mock.base_url) as gateway:
        suite = suite_of(folder, gateway, 3, "max_attempts: 2\n")
        for fault in gateways.FAULTS:
            if fault in ("http_429", "http_503"):
                continue  # they are asked again for two minutes; the storm has them
            log = folder / f"{name}-{fault}.jsonl"
            before = mock.stats()["requests"]
            ended = ask(folder, gateway, gateways.model_of(fault), suite, log, expect=None)
            asked = mock.stats()["requests"] - before
            if "does not accept the key" in ended.err:
                result = "ends: key"
            elif "has no model" in ended.err:
                result = "ends: model"
            elif "lack of quota or budget" in ended.err:
                result = "ends: quota"
            elif "refuses every request" in ended.err:
                result = "ends: refused"
            else:
                _, rows, end = read_log(log)
                rows = final_rows(rows).values()
                # Where no answer ever comes whole, the direct run takes the address for a wrong one and says so.
                check((end or "cannot be reached" in ended.err) and len(rows) == 3, f"{name} {fault}: {ended}")
                outcomes = {row["outcome"] for row in rows}
                check(len(outcomes) == 1, f"{name} {fault}: {outcomes}")
                attempts = {row["attempts"] for row in rows}
                result = f"{outcomes.pop()}, {max(attempts)} attempt{'s' if max(attempts) > 1 else ''}"
                check(asked == sum(row["attempts"] for row in rows), f"{name} {fault}: the provider was asked {asked} times")
            found[fault] = result
    return found


def facts(whole):
    """What of an answer reaches the log."""
    rows = list(whole["calm"]["rows"].values())
    share = lambda field: sum(row.get(field) is not None for row in rows)
    every = lambda field: "yes" if share(field) == len(rows) else "no" if share(field) == 0 else f"{share(field)} of {len(rows)}"
    models = sorted({row.get("response_model") or "none" for row in rows})
    via = sorted({key for row in rows for key in row.get("via") or {}})
    storm = whole["storm"]
    return {
        "`response_model`": ", ".join(f"`{model}`" for model in models),
        "`system_fingerprint`": every("system_fingerprint"),
        "token counts": every("input_tokens"),
        "cost named by the gateway": every("cost_usd") if any(row.get("cost_usd") for row in rows) else "no",
        "`via`": ", ".join(f"`{key}`" for key in via) or "nothing",
        "requests at the provider for 300 cases": str(whole["calm"]["requests"]),
        "provider's faults in the storm, attempts beyond the first": f"{storm['faults']}, "
        f"{sum(row['attempts'] - 1 for row in storm['rows'].values())}",
        "`gateway_hides`": "; ".join(whole["calm"]["record"].get("gateway_hides", [])) or "nothing",
    }


def measure(folder, name):
    return whole_suite(folder, name), every_fault(folder, name)


def compare(name, direct, other):
    whole, faults = other
    for what in ("calm", "storm"):
        left, right = direct[0][what]["rows"], whole[what]["rows"]
        check(left.keys() == right.keys() and len(left) == CASES, f"{name} {what}: the cases differ")
        for case, row in left.items():
            for field in FIELDS:
                check(
                    row.get(field) == right[case].get(field),
                    f"{name} {what} {case} {field}: {row.get(field)!r}, through the gateway {right[case].get(field)!r}",
                )
    check(whole["calm"]["requests"] == CASES, f"{name}: {whole['calm']['requests']} requests for {CASES} cases")
    storm = whole["storm"]
    again = sum(row["attempts"] - 1 for row in storm["rows"].values())
    check(storm["faults"] == again > 20, f"{name}: {storm['faults']} faults, asked again {again} times: each fault is one attempt")
    check(whole["calm"]["record"]["gateway_kind"] == name, f"{name}: the run record")
    for fault, result in faults.items():
        expected = direct[1][fault]
        if (name, fault) in KNOWN:
            continue
        check(result == expected, f"{name} {fault}: {result}, without the gateway {expected}")


def table(results, skipped):
    names = ["direct", *gateways.NAMES]
    head = ["", *(n if n == "direct" else f"{n} {gateways.VERSIONS[n]}" if n in results else f"{n}" for n in names)]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]

    def add(label, values):
        cells = [values.get(n, "not run") for n in names]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")

    per = {n: facts(whole) for n, (whole, _) in results.items()}
    for label in next(iter(per.values())):
        add(label, {n: f[label] for n, f in per.items()})
    for fault in gateways.FAULTS:
        if all(fault in faults for _, faults in results.values()):
            add(f"`{fault}` at every request", {n: faults[fault] for n, (_, faults) in results.items()})
    day = datetime.date.today().isoformat()
    text = f"Last run on {day}: {CASES} cases, then each fault alone (3 cases, 2 attempts).\n\n" + "\n".join(lines) + "\n"
    for reason in skipped:
        text += f"\n{reason}\n"
    return text


def write_docs(text):
    page = TOP / "docs/gateways.md"
    old = page.read_text()
    check(BEGIN in old and END in old, f"{page} has no markers")
    page.write_text(re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: f"{BEGIN}\n\n{text}\n{END}", old, flags=re.S))


def test():
    names = [word for word in sys.argv[2:] if not word.startswith("--")]
    results, skipped = {}, []
    with Folder() as folder:
        for name in [*(names or gateways.NAMES), "direct"]:
            (folder / name).mkdir()
            try:
                results[name] = measure(folder / name, name)
            except gateways.Skipped as reason:
                if names:
                    return str(reason)
                skipped.append(str(reason).removeprefix("SKIP: "))
                continue
        for name in results:
            if name != "direct":
                compare(name, results["direct"], results[name])
                print(f"{name}: {CASES} cases alike, {len(results[name][1])} faults end alike, with "
                      f"{results[name][0]['storm']['faults']} faults on the way too")
    if "--write-docs" in sys.argv:
        write_docs(table(results, skipped))
    return ""


if __name__ == "__main__":
    reasons = []
    main(lambda: reasons.append(test()))
    if reasons[0]:
        print(reasons[0])
        sys.exit(77)
