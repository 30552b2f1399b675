"""deploy/: the Kubernetes Jobs held against Kubernetes' own schema, and their container steps, and the steps of the GitHub workflow, run
with the variables that the scheduler would set. Slurm itself: scripts/distributed/slurm."""

import copy
import json
import os
import pathlib
import subprocess
import sys

from harness import MINSLICE, TOP, Folder, Mock, check, main, run, write_suite

try:
    import jsonschema
    import yaml
except ImportError as error:
    print(f"SKIP: {error} (packages python3-yaml, python3-jsonschema)")
    sys.exit(77)

DEPLOY = TOP / "deploy"
CONFIG = "models: [{name: old, pass_rate: 0.9, seed: 1}, {name: new, pass_rate: 0.9, seed: 2}]\n"
TARGETS = "targets: [{name: incumbent, model: old}, {name: candidate, model: new}]\n"
POLICY = "goal: non_inferiority\nmetrics: [{name: pass, margin: 0.1}]\nsegments: {dimensions: [flow]}\n"


def load(path):
    return yaml.safe_load((DEPLOY / path).read_text())


def jobs_fit_their_schema():
    schema = json.loads((TOP / "tests/data/kubernetes/job.schema.json").read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)
    for name in ("kubernetes/shards.yaml", "kubernetes/gate.yaml"):
        job = load(name)
        faults = [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(job)]
        check(not faults, f"{name}: {faults}")
        wrong = copy.deepcopy(job)
        wrong["spec"]["podFailurePolicy"]["rules"][0]["onExitCode"] = {}
        check(list(validator.iter_errors(wrong)), f"{name}: the schema takes a key that does not exist")
    spec = load("kubernetes/shards.yaml")["spec"]
    shard = spec["template"]["spec"]["containers"][0]
    check(spec["completionMode"] == "Indexed" and spec["backoffLimitPerIndex"] > 0, "not an Indexed Job with retries")
    check({"name": "JOB_COMPLETIONS", "value": str(spec["completions"])} in shard["env"], "K is not that of the Job")
    rule = {"containerName": shard["name"], "operator": "In", "values": [2]}
    check({"action": "FailIndex", "onExitCodes": rule} in spec["podFailurePolicy"]["rules"], "exit 2 has to fail the index")
    check(spec["template"]["spec"]["restartPolicy"] == "Never", "a podFailurePolicy needs restartPolicy Never")


class Pod:
    """The container's command with its volumes as folders."""

    def __init__(self, folder, manifest):
        self.folder, self.container = folder, load(manifest)["spec"]["template"]["spec"]["containers"][0]

    def start(self, **env):
        command = self.container["command"] + self.container["args"]
        for mount in self.container["volumeMounts"]:
            path = str(self.folder / mount["name"])
            command = [path + part[len(mount["mountPath"]):] if part.startswith(mount["mountPath"] + "/") or part == mount["mountPath"]
                       else part for part in command]
        env = {**{item["name"]: item["value"] for item in self.container.get("env", [])}, **env}
        return shell(command, self.folder, env)


def shell(command, cwd, env=None):
    path = f"{pathlib.Path(MINSLICE).resolve().parent}:{os.environ['PATH']}"
    return subprocess.run(command, cwd=cwd, env={**os.environ, "PATH": path, **(env or {})}, capture_output=True, text=True,
                          timeout=120, check=False)


def prepare(folder, cases):
    """A suite in folder/eval, whose gateway is named by the environment."""
    (folder / "eval").mkdir()
    suite = write_suite(folder / "eval", cases, 'gateway: {base_url: "${EVAL_GATEWAY}"}\nmax_attempts: 1\n' + TARGETS)
    (folder / "eval/policy.yaml").write_text(POLICY)
    for script in ("shard.sh", "gate.sh"):
        (folder / "eval" / script).write_text((DEPLOY / script).read_text())
    return suite


def whole(folder, suite, mock):
    """The slices of the run in one piece, and the gate's exit code."""
    both = ["--target", "incumbent", "--target", "candidate", "--quiet"]
    run("run", suite, *both, "-o", f"{folder}/whole/", env={"EVAL_GATEWAY": mock.base_url})
    logs = sorted((folder / "whole").glob("*.jsonl"))
    sides = ["--candidate", logs[0], "--incumbent", logs[1]]
    ended = run("gate", folder / "eval/policy.yaml", *sides, "--out", folder / "whole/report", expect=None)
    return (folder / "whole/report/slices.csv").read_text(), ended.code


def kubernetes():
    with Folder() as folder:
        suite = prepare(folder, 200)
        shards, gate = Pod(folder, "kubernetes/shards.yaml"), Pod(folder, "kubernetes/gate.yaml")
        with Mock(suite, CONFIG) as mock:
            slices, code = whole(folder, suite, mock)
            paid = mock.stats()["requests"]
            env = {"EVAL_GATEWAY": mock.base_url}
            for index in range(16):
                done = shards.start(JOB_COMPLETION_INDEX=str(index), **env)
                check(done.returncode == 0, f"index {index}: {done}")
            check(mock.stats()["requests"] == 2 * paid, "every case is asked once a side")
            again = shards.start(JOB_COMPLETION_INDEX="3", **env)
            check(again.returncode == 0 and mock.stats()["requests"] == 2 * paid, f"started again: {again}")
            for _ in range(2):  # the gate's pod may be started again as well
                gated = gate.start()
                check(gated.returncode == code, f"the gate's pod: {gated}")
                check((folder / "runs/report/slices.csv").read_text() == slices, "the slices of the shards are others")
            (folder / "runs/candidate.05-of-16.jsonl").unlink()
            lost = gate.start()
            check(lost.returncode == 2 and "of 16 shards 1 is missing: 5" in lost.stderr, f"a lost shard: {lost}")
            policy = load("kubernetes/gate.yaml")["spec"]["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"]
            check(lost.returncode in policy, "a missing shard is tried again")
            healed = shards.start(JOB_COMPLETION_INDEX="4", **env)
            check(healed.returncode == 0 and gate.start().returncode == code, f"a shard run again: {healed}")
            wrong = shards.start(JOB_COMPLETION_INDEX="16", **env)
            check(wrong.returncode == 2, f"an index beyond K: {wrong}")
            (folder / "runs/candidate.02-of-16.jsonl").unlink()
        away = shards.start(JOB_COMPLETION_INDEX="1", **env)
        check(away.returncode == 1, f"a gateway that is away is worth another try: {away}")


def github():
    workflow = load("github/shards.yml")
    with Folder() as folder:
        suite = prepare(folder, 120)
        (folder / "evals").symlink_to(folder / "eval")
        with Mock(suite, CONFIG) as mock:
            slices, code = whole(folder, suite, mock)
            steps = workflow["jobs"]["shard"]["steps"]
            runs = [step["run"] for step in steps if "run" in step and not step["run"].startswith("pip ")]
            check(len(runs) == 1, "one step runs the shard")
            for shard in workflow["jobs"]["shard"]["strategy"]["matrix"]["shard"]:
                text = runs[0].replace("${{ matrix.shard }}", str(shard)).replace("-o 'runs/", f"-o '{folder}/runs/")
                (folder / "runs").mkdir(exist_ok=True)
                done = shell(["bash", "-e", "-c", text], folder, {"EVAL_GATEWAY": mock.base_url})
                check(done.returncode == 0, f"shard {shard}: {done}")
            steps = workflow["jobs"]["gate"]["steps"]
            text = [step["run"] for step in steps if "run" in step and not step["run"].startswith("pip ")][0]
            done = shell(["bash", "-e", "-c", text], folder)
            check(done.returncode == code, f"gate: {done}")
            check((folder / "report/slices.csv").read_text() == slices, "the slices of the shards are others")


def test():
    jobs_fit_their_schema()
    kubernetes()
    github()


main(test)
