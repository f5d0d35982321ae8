"""Receivers on this machine that misbehave on request: an HTTP server and a mail server."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Behaviour = Literal[
    "ok", "500", "429", "400", "302", "hang", "drip", "reset", "twice", "done then hang", "done then 500"
]


@dataclass
class Receiver:
    """A server that honours idempotency keys.

    Attributes:
        script: What it does with one request after the other; after the last it takes everything.
        requests: What came, headers and body.
        done: How often it did what each key asks for.
    """

    script: list[Behaviour] = field(default_factory=list)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    url: str = ""
    ends: threading.Event = field(default_factory=threading.Event)

    def take(self, headers: dict[str, str], body: bytes) -> Behaviour:
        self.requests.append((headers, body))
        return self.script.pop(0) if self.script else "ok"

    def act(self, key: str) -> None:
        if key not in self.done:
            self.done[key] += 1


@contextmanager
def http_receiver(script: Sequence[Behaviour] = ()) -> Iterator[Receiver]:
    """Start a server; it ends with the block."""
    receiver = Receiver(list(script))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(receiver))
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook?from=test"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.ends.set()
        server.shutdown()
        server.server_close()


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            behaviour = receiver.take(dict(self.headers.items()), body)
            if behaviour in ("ok", "twice", "done then hang", "done then 500"):
                receiver.act(self.headers["Idempotency-Key"])
            getattr(self, behaviours[behaviour])()

        def do_GET(self) -> None:  # whoever follows a redirect comes here
            receiver.requests.append(({}, b"redirected"))
            self.answer(200)

        def answer(self, status: int = 200, **headers: str) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()

        def twice(self) -> None:
            self.answer()
            self.answer(500)

        def fail(self) -> None:
            self.answer(500)

        def slow_down(self) -> None:
            self.answer(429, Retry_After="7")

        def refuse(self) -> None:
            self.answer(400)

        def redirect(self) -> None:
            self.answer(302, Location="/elsewhere")

        def hang(self) -> None:
            receiver.ends.wait(20)

        def drip(self) -> None:
            for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 2000:
                try:
                    self.wfile.write(bytes([byte]))
                except OSError:
                    return
                if receiver.ends.wait(0.02):
                    return

        def reset(self) -> None:
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    behaviours = {
        **{"ok": "answer", "twice": "twice", "500": "fail", "done then 500": "fail", "429": "slow_down"},
        **{"400": "refuse", "302": "redirect", "hang": "hang", "done then hang": "hang", "drip": "drip"},
        "reset": "reset",
    }
    return Handler


class Clock:
    """Sleeps no time, and remembers for how long it was to."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
