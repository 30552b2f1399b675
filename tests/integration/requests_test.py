"""What reaches the provider, setting by setting, read by a server that keeps every request; streamed answers through the mock; two
targets asked in turn."""

import http.server
import json
import threading

from harness import Folder, Mock, check, main, read_log, run, write_suite

SETTINGS = {
    "temperature": 0.5,
    "max_tokens": 77,
    "seed": 11,
    "stop": ["END", "STOP"],
    "logprobs": True,
    "top_logprobs": 2,
    "response_format": {"type": "json_object"},
    "tool_choice": "required",
    "tools": [{"type": "function", "function": {"name": "lookup", "parameters": {"type": "object"}}}],
}


class Recorder(http.server.BaseHTTPRequestHandler):
    bodies = []
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        Recorder.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        answer = {"model": "m-1", "choices": [{"message": {"role": "assistant", "content": "1"}, "finish_reason": "stop"}]}
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def every_setting(folder):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    own = [{"type": "function", "function": {"name": "own"}}]
    talk = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    with open(folder / "cases.jsonl", "w") as out:
        out.write(json.dumps({"id": "plain", "prompt": "say 1", "expected": "1"}) + "\n")
        out.write(json.dumps({"id": "talk", "messages": talk, "tools": own, "expected": "1"}) + "\n")
    suite = folder / "suite.yaml"
    request = {**SETTINGS, "system": "be brief"}
    suite.write_text(f"version: 1\nname: s\ncases: cases.jsonl\nrequest: {json.dumps(request)}\n")
    url = f"http://127.0.0.1:{server.server_port}/v1"
    run("run", suite, "--target", "t", "--model", "m", "--base-url", url, "-o", folder / "settings.jsonl", "--quiet")
    server.shutdown()
    check(len(Recorder.bodies) == 2, f"{len(Recorder.bodies)} requests")
    system = {"role": "system", "content": "be brief"}
    expected = {
        "say 1": {**SETTINGS, "model": "m", "messages": [system, {"role": "user", "content": "say 1"}]},
        "c": {**SETTINGS, "model": "m", "messages": [system, *talk], "tools": own},
    }
    for body in Recorder.bodies:
        wanted = expected[body["messages"][-1]["content"]]
        check(body == wanted, f"sent {body}\nwanted {wanted}")
    record, _, _ = read_log(folder / "settings.jsonl")
    check(record["request"] == request, f"logged {record['request']}")


def streamed(folder):
    suite = write_suite(folder, 60, "request: {stream: true}\n")
    config = (
        "models: [{name: m, answers_as: m-1, pass_rate: 0.7, seed: 5}]\nlatency: {ms: 30, token_ms: 4}\n"
        "faults: {truncate: 0.1, http_429: 0.05, retry_after_s: 0.01, at_most: 2}\n"
    )
    log = folder / "stream.jsonl"
    with Mock(suite, config) as mock:
        run("run", suite, "--target", "t", "--model", "m", "--base-url", mock.base_url, "-o", log, "--quiet")
        stats = mock.stats()
    check(stats["faults"].get("truncate", 0) > 0, "no stream was cut")
    suite.write_text(suite.read_text().replace("request: {stream: true}\n", ""))
    plain = folder / "plain.jsonl"
    with Mock(suite, config) as mock:
        run("run", suite, "--target", "t", "--model", "m", "--base-url", mock.base_url, "-o", plain, "--quiet")
    read = lambda path: {row["case_id"]: row for row in read_log(path)[1]}
    streamed_rows, plain_rows = read(log), read(plain)
    check(len(streamed_rows) == 60, "rows")
    for case, row in streamed_rows.items():
        for field in ("outcome", "output", "finish_reason", "response_model", "input_tokens", "output_tokens"):
            check(row.get(field) == plain_rows[case].get(field), f"{case} {field}: {row} {plain_rows[case]}")
        check(30 <= row["ttft_ms"] <= row["latency_ms"] <= row["due_latency_ms"] + 1e-6, f"times: {row}")
        check("ttft_ms" not in plain_rows[case], "an answer in one piece has no first token")


def in_turn(folder):
    suite = write_suite(folder, 200)
    suite.write_text(suite.read_text() + "targets: [{name: a, model: m}, {name: b, model: n}]\n")
    config = "models: [{name: m, pass_rate: 0.7}, {name: n, pass_rate: 0.8, latency: {ms: 30}}]\nlatency: {ms: 5}\n"
    with Mock(suite, config) as mock:
        arguments = ["run", suite, "--target", "a", "--target", "b", "--base-url", mock.base_url, "--concurrency", 20, "--quiet"]
        run(*arguments, "-o", folder / "one.jsonl", expect=2)
        run(*arguments, "-o", str(folder / "runs") + "/")
        stats = mock.stats()["models"]
    check(stats["m"]["answered"] == stats["n"]["answered"] == 200, f"{stats['m']['answered']} {stats['n']['answered']}")
    for name, model in (("a", "m"), ("b", "n")):
        record, rows, end = read_log(folder / "runs" / f"integration-{name}.jsonl")
        check(record["request_model"] == model and end["cases"] == 200 and len(rows) == 200, f"{record} {end}")


def test():
    for part in (every_setting, streamed, in_turn):
        with Folder() as folder:
            part(folder)


main(test)
