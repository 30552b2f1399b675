"""A gateway made of a Python function: what it sends is the test's, byte for byte."""

import http.server
import json
import threading


class FakeGateway:
    """answer(body, headers, nth) -> (status, headers, bytes); `nth` counts the requests from 1. Keeps what it was sent."""

    def __init__(self, answer):
        self.seen = []
        lock = threading.Lock()
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                headers = {k.lower(): v for k, v in self.headers.items()}
                with lock:
                    fake.seen.append({"body": body, "headers": headers, "path": self.path})
                    nth = len(fake.seen)
                status, extra, content = answer(body, headers, nth)
                self.send_response(status)
                for name, value in extra.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

        self.server = Server(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self.server.server_port}/v1"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def right(body, model="m-2026-01-01", **more):
    """A completion with the right answer to a case of harness.write_suite."""
    number = int(body["messages"][-1]["content"].split("follows ")[1].split("?")[0])
    return json.dumps(
        {
            "model": model,
            "choices": [{"message": {"role": "assistant", "content": str(number + 1)}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 20, "completion_tokens": 2},
            **more,
        }
    ).encode()
