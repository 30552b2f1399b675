"""What a run says to a gateway of each kind and what it makes of answers that are not the model's own, of push-back, of an
address that is wrong, seen from outside: a made-up gateway on one side, the log on the other."""

import threading
import time

from fake_gateway import FakeGateway, right
from harness import Folder, check, main, read_log, run, write_suite

LITELLM = {"x-litellm-call-id": "1", "x-litellm-model-id": "d1", "x-litellm-attempted-retries": "0"}


def ask(suite, log, gateway, *more, expect=0, env=None):
    return run("run", suite, "--target", "t", "--model", "m", "-o", log, "--base-url", gateway.base_url, *more, expect=expect, env=env)


def controls_are_sent(folder):
    """With a kind: from the first request on."""
    for kind, header, value in (
        ("litellm", "authorization", "Bearer sk-virtual-1"),
        ("portkey", "x-portkey-virtual-key", "sk-virtual-1"),
        ("bifrost", "x-bf-vk", "sk-virtual-1"),
        ("openai", "authorization", "Bearer sk-virtual-1"),
    ):
        with FakeGateway(lambda body, *_: (200, {}, right(body))) as gateway:
            (folder / kind).mkdir()
            suite = write_suite(folder / kind, 12, f"timeout_s: 7\ngateway: {{kind: {kind}, virtual_key: '${{VK}}'}}\n")
            log = folder / f"{kind}.jsonl"
            more = ["--model", "openai/m"] if kind == "bifrost" else []
            run("run", suite, "--target", "t", *(more or ["--model", "m"]), "-o", log, "--base-url", gateway.base_url,
                env={"VK": "sk-virtual-1"})
            record, rows, end = read_log(log)
            check(end and record["gateway_kind"] == kind and len(rows) == 12, kind)
            check("sk-virtual" not in log.read_text(), "the key is in the log")
            ids = set()
            for request in gateway.seen:
                headers, body = request["headers"], request["body"]
                check(headers[header] == value, f"{kind}: {headers}")
                if kind == "litellm":
                    check(headers["x-litellm-num-retries"] == "0" and headers["x-litellm-timeout"] == "7", headers)
                    check(body["cache"] == {"no-cache": True, "no-store": True} and body["disable_fallbacks"], body)
                    ids.add(headers["x-litellm-call-id"])
                else:
                    check("cache" not in body and "num_retries" not in body, f"{kind}: {body}")
                if kind == "portkey":
                    check(headers["x-portkey-request-timeout"] == "7000", headers)
                    ids.add(headers["x-portkey-trace-id"])
                if kind == "bifrost":
                    check(headers["x-bf-cache-no-store"] == "true" and "x-bf-cache-key" not in headers, headers)
                    ids.add(headers["x-request-id"])
                if kind == "openai":
                    ids.add(headers["x-client-request-id"])
            check(len(ids) == 12, f"{kind}: ids are not unique: {ids}")


def recognised_by_its_answers(folder):
    suite = write_suite(folder, 40)
    with FakeGateway(lambda body, *_: (200, LITELLM, right(body, "alias"))) as gateway:
        log = folder / "log.jsonl"
        ended = ask(suite, log, gateway, "--concurrency", 4)
        record, rows, _ = read_log(log)
        check(record["gateway_kind"] == "litellm" and "alias" in record["gateway_hides"][0], record)
        check("the gateway is litellm" in ended.err, ended)
        told = ["cache" in request["body"] for request in gateway.seen]
        check(not told[0] and all(told[8:]), f"told {told}")
        check(rows[0]["via"] == {"deployment": "d1", "request_id": "1", "retries": 0}, rows[0])
    drift = run("drift", log, expect=None)
    check("litellm does not show" in drift.out, drift)
    repeat = run("repeat", log, expect=None)
    check("litellm does not show" in repeat.out + repeat.err, repeat)


def answers_from_elsewhere(folder):
    """A cache hit, a fallback and a retry of the gateway's are rows without a grade, also where it was told not to."""
    suite = write_suite(folder, 30, "gateway: {kind: litellm}\n")
    odd = {"3": {"x-litellm-cache-key": "k"}, "7": {"x-litellm-attempted-fallbacks": "1"}, "9": {"x-litellm-attempted-retries": "2"}}

    def answer(body, _headers, _nth):
        number = body["messages"][-1]["content"].split("follows ")[1].split("?")[0]
        return 200, {**LITELLM, **odd.get(number, {})}, right(body)

    with FakeGateway(answer) as gateway:
        log = folder / "log.jsonl"
        ended = ask(suite, log, gateway)
        _, rows, end = read_log(log)
        outcome = {row["case_id"]: row for row in rows}
        for number, words in (("3", "cache hit"), ("7", "fallback"), ("9", "2 retries")):
            row = outcome[f"case-{int(number):05}"]
            check(row["outcome"] == "infra_error" and words in row["error"] and "output" not in row, row)
        check(outcome["case-00003"]["via"]["cache"] == "hit" and outcome["case-00009"]["via"]["retries"] == 2, outcome)
        check(end and sum(row["outcome"] == "pass" for row in rows) == 27, ended)
        check("3 answers came from the gateway's cache, a fallback or a retry" in ended.err, ended)
    # Not told at first, since it was not known: asked once more, with the cache off.
    (folder / "auto").mkdir()
    suite = write_suite(folder / "auto", 10)
    with FakeGateway(lambda body, *_: (200, LITELLM if "cache" in body else {**LITELLM, "x-litellm-cache-key": "k"}, right(body))) as gateway:
        log = folder / "auto.jsonl"
        ask(suite, log, gateway, "--concurrency", 4)
        _, rows, _ = read_log(log)
        check(all(row["outcome"] == "pass" for row in rows), "a hit before the gateway was known is asked again")
        check(sum(row["attempts"] == 2 for row in rows) >= 1, rows)


def what_would_defeat_it(folder):
    suite = write_suite(folder, 3, "gateway: {kind: portkey}\n")
    with FakeGateway(lambda body, *_: (200, {}, right(body))) as gateway:
        config = "x-portkey-config: {\"retry\":{\"attempts\":5}}"
        ended = ask(suite, folder / "log.jsonl", gateway, "--header", config, expect=2)
        check('x-portkey-config has "retry"' in ended.err and not gateway.seen, ended)
    literal = write_suite(folder, 3, "gateway: {kind: bifrost, virtual_key: sk-bf-secret}\n")
    ended = run("suite", "lint", literal, expect=2)
    check("expected ${NAME}" in ended.err and "sk-bf-secret" not in ended.err, ended)


def push_back(folder):
    """A gateway with room for six at a time: everybody is answered, and not by knocking 40 times each."""
    suite = write_suite(folder, 400)
    open_now, lock, refused = [0], threading.Lock(), [0]

    def answer(body, *_):
        with lock:
            if open_now[0] >= 6:
                refused[0] += 1
                return 429, {"retry-after-ms": "100"}, b'{"error":{"message":"Rate limit reached"}}'
            open_now[0] += 1
        time.sleep(0.01)
        with lock:
            open_now[0] -= 1
        return 200, {}, right(body)

    with FakeGateway(answer) as gateway:
        log = folder / "log.jsonl"
        ended = ask(suite, log, gateway, "--concurrency", 64)
        _, rows, end = read_log(log)
        check(end and all(row["outcome"] == "pass" for row in rows), ended)
        check("the gateway pushed back" in ended.err, ended)
        check(refused[0] < 1200, f"{refused[0]} refusals for 400 cases")
    print(f"  push_back: {refused[0]} refusals for 400 cases at 64 in flight and room for 6")


def a_closed_gate(folder):
    """Refused for two seconds without an answer: everybody waits together, nobody's attempts are used up."""
    suite = write_suite(folder, 60, "max_attempts: 2\n")
    began = [None]

    def answer(body, _headers, _nth):
        began[0] = began[0] or time.monotonic()
        if time.monotonic() - began[0] < 2:
            return 429, {}, b'{"error":{"message":"Rate limit reached"}}'
        return 200, {}, right(body)

    with FakeGateway(answer) as gateway:
        log = folder / "log.jsonl"
        ended = ask(suite, log, gateway, "--concurrency", 30)
        _, rows, end = read_log(log)
        check(end and all(row["outcome"] == "pass" for row in rows), ended)
        check(len(gateway.seen) < 60 + 30 * 6, f"{len(gateway.seen)} requests")


def https_on_a_plain_port(folder):
    suite = write_suite(folder, 840)
    with FakeGateway(lambda body, *_: (200, {}, right(body))) as gateway:
        log = folder / "log.jsonl"
        began = time.monotonic()
        url = gateway.base_url.replace("http://", "https://")
        ended = run("run", suite, "--target", "t", "--model", "m", "-o", log, "--base-url", url, expect=2)
        check(time.monotonic() - began < 20, "it must not be asked again and again")
        check("http:// instead of https://" in ended.err and not log.exists(), ended)


def a_slow_case_is_not_the_last(folder):
    """One that fails at first is asked again before others are begun, so that it does not end the run late."""
    suite = write_suite(folder, 200)
    order = []

    def answer(body, *_):
        number = int(body["messages"][-1]["content"].split("follows ")[1].split("?")[0])
        order.append(number)
        if number == 0 and order.count(0) < 3:
            return 503, {"retry-after-ms": "10"}, b"{}"
        time.sleep(0.02)
        return 200, {}, right(body)

    with FakeGateway(answer) as gateway:
        ask(suite, folder / "log.jsonl", gateway, "--concurrency", 4)
        last = len(order) - 1 - order[::-1].index(0)
        check(order.count(0) == 3 and last < 150, f"the slow case was request {last} of {len(order)}")


def test():
    for part in (
        controls_are_sent,
        recognised_by_its_answers,
        answers_from_elsewhere,
        what_would_defeat_it,
        push_back,
        a_closed_gate,
        https_on_a_plain_port,
        a_slow_case_is_not_the_last,
    ):
        with Folder() as folder:
            part(folder)
        print(f"{part.__name__}: ok", flush=True)


main(test)
