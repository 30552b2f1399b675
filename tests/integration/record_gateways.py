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


def record(name, version, out):
    with Folder() as folder:
        suite = write_suite(folder, 4)
        with Mock(suite, gateways.fault_models()) as mock, gateways.Gateway(name, mock.base_url) as gateway:
            for fault in ["none", *gateways.FAULTS]:
                prompt = "Which number follows 1? Answer with the number alone."
                try:
                    status, headers, body = exchange(
                        gateway.base_url, dict(gateway.controls), gateway.model(gateways.model_of(fault)), prompt
                    )
                except (OSError, http.client.HTTPException) as error:
                    print(f"{name} {fault}: no answer: {error}", file=sys.stderr)
                    continue
                kept = {k.lower(): v for k, v in headers if k.lower() not in VOLATILE}
                line = {"gateway": name, "version": version, "upstream": fault, "status": status}
                line.update(headers=kept, body=body.decode("utf-8", "replace"))
                out.write(json.dumps(line, ensure_ascii=False).replace(gateway.base_url, "http://gateway/v1")
                          .replace(mock.base_url, "http://upstream/v1").replace(mock.base_url[:-3], "http://upstream") + "\n")


if __name__ == "__main__":
    for gateway_name in sys.argv[2:]:
        path = TOP / "tests/data/gateways" / f"{gateway_name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w") as file:
            record(gateway_name, gateways.VERSIONS[gateway_name], file)
        print(path, subprocess.run(["wc", "-l", path], capture_output=True, text=True).stdout.split()[0])
