#!/usr/bin/env python3
"""Every shipped policy and suite, the YAML of the documents, log rows, cases and verdicts validate against docs/schemas; and on small
good and bad files the schema and the reader agree."""
import json
import pathlib
import re
import sys
import tempfile

import evidence

try:
    import jsonschema
    import yaml
except ImportError as error:
    print(f"SKIP: {error} (packages python3-jsonschema and python3-yaml)")
    sys.exit(77)

if not hasattr(jsonschema, "Draft202012Validator"):
    print("SKIP: this jsonschema does not know draft 2020-12")
    sys.exit(77)

FAULTS = []


class CoreLoader(yaml.SafeLoader):
    """YAML 1.2's booleans: `no` and `on` are text, as the reader takes them."""


CoreLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
CoreLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), "tf")

# Files as one-line YAML with what the reader says of them; the schema has to say the same. What a schema cannot know (a dimension
# that stands twice, ${NAME} in a target) is left to the reader's own tests.
POLICIES = [
    ("{version: 1}", True),
    ("{}", False),
    ("{version: 2}", False),
    ("{version: 1, goal: superiority}", True),
    ("{version: 1, goal: better}", False),
    ("{version: 1, gaol: superiority}", False),
    ("{version: 1, metrics: [{name: pass, margin: 0.02}]}", True),
    ("{version: 1, metrics: [{name: pass, margin: 2}]}", False),
    ("{version: 1, metrics: [{margin: 0.02}]}", False),
    ("{version: 1, error_rates: {alpha_promote: 0.5}}", False),
    ("{version: 1, error_rates: {power: \"0.8\"}}", False),
    ("{version: 1, segments: {dimensions: [flow, {key: customer, weight: 2}]}}", True),
    ("{version: 1, segments: {dimensions: [{key: customer, role: report, weight: 2}]}}", False),
    ("{version: 1, segments: {dimensions: [{weight: 2}]}}", False),
    ("{version: 1, segments: {min_cases: 0}}", False),
    ("{version: 1, segments: {min_cases: 20.5}}", False),
    ("{version: 1, segments: {floors: {}}}", False),
    ("{version: 1, segments: {floors: {pass_rate: 0.85, on_unresolved: hold}}}", True),
    ("{version: 1, segments: {required: [refund, {customer: acme}, pay*]}}", True),
    ("{version: 1, segments: [refund]}", False),
    ("{version: 1, segments: {dimensions: [{key: length, bins: [512, 4096]}, {cross: [customer, length], role: report}]}}", True),
    ("{version: 1, segments: {dimensions: [{key: length, bins: []}]}}", False),
    ("{version: 1, segments: {dimensions: [{cross: [customer]}]}}", False),
    ("{version: 1, segments: {dimensions: [{key: customer, cross: [customer, length]}]}}", False),
    ("{version: 1, segments: {dimensions: [{cross: [customer, length], bins: [1]}]}}", False),
    ("{version: 1, segments: {multiplicity: max_t, joint: true}}", True),
    ("{version: 1, segments: {families: {pattern: /, method: hierarchical}}}", True),
    ("{version: 1, segments: {families: {method: hierarchical}}}", False),
    ("{version: 1, segments: {families: {pattern: /, file: families.yaml}}}", False),
    ("{version: 1, segments: {overrides: {adapter_17: {margin: 0.005}, \"pay*\": {pass_rate: 0.9, dimension: flow}}}}", True),
    ("{version: 1, segments: {overrides: {adapter_17: {}}}}", False),
    ("{version: 1, segments: {overrides: {adapter_17: {margin: 5}}}}", False),
    ("{gating: {threshold: 0.85}, weights: traffic.csv}", False),
    ("{gating: {threshold: 0.85}, segments: [refund]}", True),
    ("{gating: {threshold: 0.85}, segments: {min_cases: 20}}", False),
    ("{gating: {threshold: 1.5}}", False),
    ("{gating: {}}", False),
    ("{gating: {threshold: 0.85}, goal: superiority}", False),
    ("{version: 1, methods: {ci: wilson}}", False),
    ("{version: 1, methods: {bootstrap: {B: 10}}}", False),
    ("{version: 1, methods: {bootstrap: {kind: [bca, percentile]}}}", True),
    ("{version: 1, missing: {cap: 2}}", False),
    ("{version: 1, runs: {incumbent: 3, candidate: 3, combine: majority}}", True),
    ("{version: 1, runs: {combine: median}}", False),
    ("{version: 1, nondeterminism: {runs: 3, max_spread: 0.01, cochran_q: 0.01, on_fail: hold}}", True),
    ("{version: 1, nondeterminism: {cochran_q: 0.5}}", False),
    ("{version: 1, drift: {models: warn, pin: hold, fingerprint: ignore, alias: invalid}}", True),
    ("{version: 1, drift: {models: ignore}}", False),
    ("{version: 1, metrics: [{name: pass}, {name: f1, role: guardrail, type: graded, range: [1, 5], margin: 0.01, on_unresolved: report}]}", True),
    ("{version: 1, metrics: [{name: pass}, {name: valid, role: deterioration, direction: down}, {name: cost, role: report}]}", True),
    ("{version: 1, metrics: [{name: f1, range: [0, 1]}]}", False),
    ("{version: 1, metrics: [{name: f1, judge: true}]}", False),
    ("{version: 1, metrics: [{name: f1, role: report, on_unresolved: hold}]}", False),
    ("{version: 1, metrics: [{name: f1, role: report, target_mde: 0.1}]}", False),
    ("{version: 1, metrics: [{name: f1, role: deterioration, margin: 0.1}]}", False),
    ("{version: 1, flaky: {policy: keep, quarantine_file: null, expires_days: 7}}", True),
    ("{version: 1, flaky: {expires_days: 0}}", False),
    ("{version: 1, anchor: {run: a.jsonl, margin: 0.03}}", True),
    ("{version: 1, anchor: {margin: 0.03}}", False),
    ("{version: 1, ledger: {path: ledger.jsonl, candidates: 3}}", True),
    ("{version: 1, ledger: {candidates: 0}}", False),
    ("{version: 1, sequential: {stop_for: [harm], min_pairs: 100, seed: 7}}", True),
    ("{version: 1, sequential: {stop_for: [loss]}}", False),
    ("{version: 1, sequential: {min_pairs: 0}}", False),
    ("{version: 1, verdict: {review_file: reviews/}}", True),
    ("{version: 1, verdict: {exit_map: {hold: 0}}}", True),
    ("{version: 1, verdict: {exit_map: {hold: 2}}}", False),
    ("{version: 1, verdict: {exit_map: {blocked: 0}}}", False),
]
SUITES = [
    ("{version: 1, name: s, cases: [cases.jsonl]}", True),
    ("{version: 1, name: s, cases: cases.jsonl, segments: [flow]}", True),
    ("{version: 1, name: s}", False),
    ("{name: s, cases: [cases.jsonl]}", False),
    ("{version: 1, name: s, cases: []}", False),
    ("{version: 1, name: s, cases: [cases.jsonl], grader: {type: json_match, trim: true}}", False),
    ("{version: 1, name: s, cases: [cases.jsonl], grader: {type: regex, pattern: a}}", True),
    ("{version: 1, name: s, cases: [cases.jsonl], grader: {type: contains, pattern: a}}", False),
    ("{version: 1, name: s, cases: [cases.jsonl], request: {temperature: null, stop: [a, b], max_tokens: 5}}", True),
    ("{version: 1, name: s, cases: [cases.jsonl], request: {temperature: 3}}", False),
    ("{version: 1, name: s, cases: [cases.jsonl], request: {max_token: 5}}", False),
    ("{version: 1, name: s, cases: [cases.jsonl], gateway: {base_url: \"${BASE}/v1\", headers: {x-key: \"${KEY}\"}}}", True),
    ("{version: 1, name: s, cases: [cases.jsonl], gateway: {base_url: \"ftp://a/v1\"}}", False),
    ("{version: 1, name: s, cases: [cases.jsonl], gateway: {headers: {\"a b\": c}}}", False),
    ("{version: 1, name: s, cases: [cases.jsonl], targets: [{name: a, model: b}]}", True),
    ("{version: 1, name: s, cases: [cases.jsonl], targets: [{name: a}]}", False),
    ("{version: 1, name: s, cases: [cases.jsonl], repeats: 0}", False),
    ("{version: 1, name: s, cases: [cases.jsonl], budget_usd: 0}", False),
]
CASES = [
    ('{"id": "a", "prompt": "p", "expected": 1, "segments": {"flow": "x"}}', True),
    ('{"id": "a", "messages": [{"role": "user", "content": "p"}], "expected": null}', True),
    ('{"id": "a", "messages": [{"role": "robot", "content": "p"}], "expected": 1}', False),
    ('{"id": "a", "messages": [{"role": "user"}], "expected": 1}', False),
    ('{"id": "a", "messages": [], "expected": 1}', False),
    ('{"id": "", "prompt": "p", "expected": 1}', False),
    ('{"id": "a", "expected": 1}', False),
    ('{"id": "a", "prompt": "p", "messages": [{"role": "user", "content": "p"}], "expected": 1}', False),
    ('{"id": "a", "prompt": "p", "expected": 1, "segments": {"flow": 3}}', False),
    ('{"id": "a", "prompt": "p", "expected": 1, "weight": 0}', False),
    ('{"id": "a", "prompt": "p", "expected": 1, "tag": 0}', False),
    ('{"id": "a", "prompt": "p", "expected": 1, "cluster": null, "metadata": {"any": [1]}, "tools": []}', True),
]
ROWS = [
    ('{"record": "case", "case_id": "a", "outcome": "pass", "scores": {"pass": 1}}', True),
    ('{"record": "case", "case_id": "a", "outcome": "passed"}', False),
    ('{"record": "case", "outcome": "pass"}', False),
    ('{"record": "case", "case_id": "a", "outcome": "pass", "repeat": 0}', False),
    ('{"record": "case", "case_id": "a", "outcome": "pass", "latency_ms": "12"}', False),
    ('{"record": "case", "case_id": "a", "outcome": "pass", "mine": [1]}', True),
    ('{"record": "row", "case_id": "a", "outcome": "pass"}', False),
]


def check(name, validator, value, good=True):
    errors = sorted(validator.iter_errors(value), key=str)
    if good and errors:
        FAULTS.append(name)
        print(f"FAIL {name}: {errors[0].json_path}: {errors[0].message[:200]}")
    if not good and not errors:
        FAULTS.append(name)
        print(f"FAIL {name}: the schema accepts what the reader refuses")


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def yaml_blocks(page):
    return re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.M | re.S)


def main():
    options = evidence.arguments()
    validators = {}
    for path in sorted((options.top / "docs/schemas").glob("*.schema.json")):
        schema = json.loads(path.read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        validators[path.name.removesuffix(".schema.json")] = jsonschema.Draft202012Validator(schema)
    count = 0

    def load(text):
        return yaml.load(text, Loader=CoreLoader)  # noqa: S506 (a SafeLoader)

    policies = sorted((options.top / "gates").glob("*.yaml"))
    for path in policies:
        check(path.name, validators["policy"], load(path.read_text()))
        if "yaml-language-server: $schema=../docs/schemas/policy.schema.json" not in path.read_text():
            FAULTS.append(path.name)
            print(f"FAIL {path.name} does not name its schema for editors")
    for page in [options.top / "README.md", *sorted((options.top / "docs").rglob("*.md"))]:
        for block in yaml_blocks(page):
            value = load(block)
            # Blocks that show a part of a file begin with another key.
            if isinstance(value, dict) and ("version" in value or "gating" in value) and not {"models", "psi", "jobs", "run_hash"} & set(value):
                if "cases" in value and isinstance(value["cases"], list) and value["cases"] and isinstance(value["cases"][0], dict):
                    continue  # a quarantine file
                check(f"{page.name}: {block[:40]!r}", validators["suite" if "cases" in value else "policy"], value)
                count += 1
    with tempfile.TemporaryDirectory(prefix="minslice-schemas-") as folder:
        folder = pathlib.Path(folder)
        verdicts = evidence.make(options.minslice, folder)
        for path in verdicts:
            check(str(path), validators["verdict"], json.loads(path.read_text()))
        demo = folder / "demo"
        for name in ("mean-only.yaml", "gate.yaml"):
            check(name, validators["policy"], load((demo / name).read_text()))
        check("suite.yaml", validators["suite"], load((demo / "suite.yaml").read_text()))
        for name in ("suite.yaml", "mean-only.yaml", "gate.yaml"):  # an editor finds the schema that the file names
            named = re.match(r"# yaml-language-server: \$schema=(\S+)", (demo / name).read_text()).group(1)
            if (demo / named).read_text() != (options.top / "docs" / named).read_text():
                FAULTS.append(name)
                print(f"FAIL {name}: {named} is not the schema in docs/schemas")
        for row in lines(demo / "cases.jsonl"):
            check(row["id"], validators["case"], row)
        for path in sorted(options.top.glob("tests/data/alpaca_eval/FuseChat-Llama-3.2*.jsonl")):
            evidence.run(options.minslice, "import", "jsonl", path, "--id-field", "id", "--score-field", "preference", "--pass-above", "0.5",
                         "--segment-fields", "dataset,length", "-o", folder / path.name, expect=(0,))
        for path in [demo / "incumbent.jsonl", demo / "candidate.jsonl", *folder.glob("*.jsonl")]:
            if '"record"' not in path.read_text().split("\n", 1)[0]:
                continue  # a file beside the logs: labels, a ledger
            for i, row in enumerate(lines(path)):
                check(f"{path.name}:{i + 1}", validators["log"], row)
                count += 1

        # The reader's word on the small files, and the schema's.
        asked = folder / "asked"
        asked.mkdir()
        (asked / "a.jsonl").write_text((folder / "incumbent1.jsonl").read_text())  # the anchor that a policy names
        (asked / "cases.jsonl").write_text('{"id": "a", "prompt": "p", "expected": 1, "segments": {"flow": "x"}}\n')
        (asked / "suite.yaml").write_text("{version: 1, name: s, cases: [lines.jsonl]}")

        def agree(kind, text, good, value, *command):
            done = evidence.run(options.minslice, *command, expect=(0, 2, 10, 11, 12, 13))
            if (done.returncode != 2) != good:
                FAULTS.append(text)
                print(f"FAIL {kind}: the reader should {'take' if good else 'refuse'} {text}: {done.stderr.strip()}")
            check(f"{kind} {text}", validators[kind], value, good)

        log = folder / "incumbent1.jsonl"
        for text, good in POLICIES:
            (asked / "policy.yaml").write_text(text)
            agree("policy", text, good, load(text), "gate", asked / "policy.yaml", "--incumbent", log, "--candidate", log)
        for text, good in SUITES:
            (asked / "this.yaml").write_text(text)
            agree("suite", text, good, load(text), "suite", "lint", asked / "this.yaml")
        for text, good in CASES:
            (asked / "lines.jsonl").write_text(text + "\n")
            agree("case", text, good, json.loads(text), "suite", "lint", asked / "suite.yaml")
        for text, good in ROWS:
            (asked / "log.jsonl").write_text('{"record": "run", "log_version": 1}\n' + text + '\n{"record": "end"}\n')
            agree("log", text, good, json.loads(text), "log", "stats", asked / "log.jsonl")
        for text, good in (('{"verdict_version": 2}', False), ('{"verdict": "promote"}', False)):
            (asked / "verdict.json").write_text(text)
            agree("verdict", text, good, json.loads(text), "report", asked / "verdict.json")
    print(f"{len(policies)} policies, {len(verdicts)} verdicts, {count} rows and blocks, "
          f"{len(POLICIES) + len(SUITES) + len(CASES) + len(ROWS)} small files: {len(FAULTS)} faults")
    sys.exit(1 if FAULTS else 0)


if __name__ == "__main__":
    main()
