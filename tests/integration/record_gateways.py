"""Records what the gateways make of a provider's answers: tests/data/gateways/NAME.jsonl, one exchange a line. Run by hand with
a gateway installed: record_gateways.py MINSLICE NAME... (litellm, portkey, direct, bifrost). gateway_replay_test reads them."""

import http.client
import json
import subprocess
import sys
import urllib.error
import urllib.request

import gateways
from harness import TOP, Folder, Mock, write_suite

PROMPT = "Which number follows 1? Answer with the number alone."
# Headers that change with every answer and mean nothing to the reader.
VOLATILE = {"date", "connection", "keep-alive", "transfer-encoding", "content-length", "server", "etag"}


def exchange(base_url, headers, model, content):
    body = {"model": model, "messages": [{"role": "user", "content": content}], "temperature": 0}
    body.update(headers.pop("_body", {}))
    request = urllib.request.Request(
        base_url + "/chat/completions", json.dumps(body).encode(), {"content-type": "application/json", **headers}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return answer.status, answer.headers.items(), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.items(), error.read()


# Answers that are no fresh answer of the model that was asked: a gateway that is left to itself. (what, model, request
# headers, members of the body, how often it is asked: the last answer is kept)
LEFT_ALONE = {
    "litellm": [
        ("cache_hit", "gpt-4o-mini", {}, {}, 2),
        ("retried", "flaky", {}, {}, 1),
        ("fallback", "fault-http-500", {}, {"fallbacks": ["gpt-4o-mini"], "num_retries": 0}, 1),
    ],
    "portkey": [
        ("retried", "flaky", {}, {}, 1),
        ("fallback", "fault-http-500", {}, {}, 1),
    ],
}


def portkey_config(what, upstream):
    one = {"provider": "openai", "api_key": "sk-mock", "custom_host": upstream}
    if what == "retried":
        return {**one, "retry": {"attempts": 2, "on_status_codes": [500]}}
    second = {**one, "override_params": {"model": "gpt-4o-mini"}}
    return {"strategy": {"mode": "fallback"}, "targets": [one, second]}


def left_alone(name, version, out):
    env = {"MINSLICE_LITELLM_CACHE": "1", "MINSLICE_LITELLM_RETRIES": "2"}
    with Folder() as folder:
        suite = write_suite(folder, 4)
        models = gateways.fault_models() + "  - {name: flaky, faults: {http_500: 1, at_most: 1}}\n"
        with Mock(suite, models) as mock, gateways.Gateway(name, mock.base_url, env) as gateway:
            for what, model, headers, members, times in LEFT_ALONE.get(name, []):
                headers = {**gateway.headers, **headers, "_body": members}
                if name == "portkey":
                    headers = {"x-portkey-config": json.dumps(portkey_config(what, mock.base_url)), "_body": members}
                for _ in range(times):
                    status, answer_headers, body = exchange(gateway.base_url, dict(headers), model, PROMPT)
                out.write(line(name, version, what, status, answer_headers, body, gateway, mock))


def line(name, version, upstream, status, headers, body, gateway, mock):
    kept = {k.lower(): v for k, v in headers if k.lower() not in VOLATILE}
    text = json.dumps(
        {"gateway": name, "version": version, "upstream": upstream, "status": status, "headers": kept,
         "body": body.decode("utf-8", "replace")}, ensure_ascii=False
    )
    text = text.replace(gateway.base_url, "http://gateway/v1").replace(mock.base_url, "http://upstream/v1")
    return text.replace(mock.base_url[:-3], "http://upstream") + "\n"


def record(name, version, out):
    with Folder() as folder:
        suite = write_suite(folder, 4)
        with Mock(suite, gateways.fault_models()) as mock, gateways.Gateway(name, mock.base_url) as gateway:
            for fault in ["none", *gateways.FAULTS]:
                try:
                    status, headers, body = exchange(
                        gateway.base_url, dict(gateway.controls), gateway.model(gateways.model_of(fault)), PROMPT
                    )
                except (OSError, http.client.HTTPException) as error:
                    print(f"{name} {fault}: no answer: {error}", file=sys.stderr)
                    continue
                out.write(line(name, version, fault, status, headers, body, gateway, mock))


if __name__ == "__main__":
    for gateway_name in sys.argv[2:]:
        path = TOP / "tests/data/gateways" / f"{gateway_name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w") as file:
            record(gateway_name, gateways.VERSIONS[gateway_name], file)
            left_alone(gateway_name, gateways.VERSIONS[gateway_name], file)
        print(path, subprocess.run(["wc", "-l", path], capture_output=True, text=True).stdout.split()[0])
