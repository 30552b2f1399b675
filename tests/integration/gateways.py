"""The gateways of scripts/gateways in front of a mock, and the catalogue of faults that is sent through each."""

import subprocess

from harness import TOP, Failed, check

VERSIONS = {"direct": "", "litellm": "1.106.2", "portkey": "1.15.2", "bifrost": "$BIFROST_BIN"}
NAMES = ["litellm", "portkey", "bifrost"]

# One model of the mock a fault; a name that a gateway takes for one of OpenAI's.
FAULTS = [
    "http_400",
    "http_401",
    "http_403",
    "http_404",
    "http_408",
    "http_429",
    "http_500",
    "http_502",
    "http_503",
    "http_504",
    "quota",
    "payment",
    "context_length",
    "truncate",
    "reset",
    "bad_json",
    "length",
    "content_filter",
    "refusal",
]
MODEL = "gpt-4o-mini"
DATED = "gpt-4o-mini-2024-07-18"


def model_of(fault):
    return MODEL if fault == "none" else "fault-" + fault.replace("_", "-")


def fault_models(pass_rate=0.8):
    lines = [f"models:\n  - {{name: {MODEL}, answers_as: {DATED}, pass_rate: {pass_rate}, seed: 11}}\n"]
    for fault in FAULTS:
        lines.append(
            f"  - {{name: {model_of(fault)}, answers_as: fault-2026-01-01, pass_rate: {pass_rate}, seed: 11, "
            f"faults: {{{fault}: 1, retry_after_s: 2}}}}\n"
        )
    return "".join(lines)


class Skipped(Exception):
    pass


class Gateway:
    """A gateway of scripts/gateways, or nothing in between for "direct"."""

    def __init__(self, name, upstream, env=None):
        self.name, self.upstream, self.env = name, upstream, env
        self.base_url = upstream
        self.headers = {}  # name: value, for every request
        self.port = None

    def model(self, name):
        return f"openai/{name}" if self.name == "bifrost" else name

    @property
    def controls(self):
        """What minslice sends with gateway: {kind}, for a request that is made by hand; "_body" goes into the body."""
        own = {
            "litellm": {
                "x-litellm-num-retries": "0",
                "x-litellm-call-id": "minslice-recorded-1",
                "_body": {"cache": {"no-cache": True, "no-store": True}, "num_retries": 0, "disable_fallbacks": True},
            },
            "portkey": {"x-portkey-trace-id": "minslice-recorded-1"},
            "bifrost": {"x-request-id": "minslice-recorded-1", "x-bf-send-back-raw-response": "true"},
        }
        return {**self.headers, **own.get(self.name, {})}

    def flags(self):
        flags = ["--base-url", self.base_url]
        for name, value in self.headers.items():
            flags += ["--header", f"{name}: {value}"]
        return flags

    def __enter__(self):
        if self.name == "direct":
            return self
        script = TOP / "scripts/gateways" / self.name
        arguments = [script, "start"] + ([] if self.name == "portkey" else ["--upstream", self.upstream])
        import os

        started = subprocess.run(
            arguments, capture_output=True, text=True, timeout=900, env={**os.environ, **(self.env or {})}
        )
        if started.returncode == 77:
            raise Skipped(started.stdout.strip() or f"SKIP: {self.name}")
        check(started.returncode == 0, f"{self.name} did not start: {started.stdout}{started.stderr}")
        self.base_url = started.stdout.strip().splitlines()[-1]
        self.port = self.base_url.split(":")[2].split("/")[0]
        if self.name == "litellm":
            self.headers = {"authorization": "Bearer sk-master-1234"}
        elif self.name == "portkey":
            self.headers = {
                "x-portkey-provider": "openai",
                "x-portkey-custom-host": self.upstream,
                "authorization": "Bearer sk-mock",
            }
        elif self.name == "bifrost":
            self.headers = {"x-bf-vk": "sk-bf-minslice"}
        else:
            raise Failed(f"no gateway {self.name}")
        return self

    def __exit__(self, *_):
        if self.port:
            script = TOP / "scripts/gateways" / self.name
            subprocess.run([script, "stop", "--port", self.port], capture_output=True, timeout=60)
