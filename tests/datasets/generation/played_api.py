"""A local server that plays Anthropic's Message Batches API, with its failures, and counts what it accepts.

Shapes follow the SDK's types (`anthropic.types.messages`). What it answers depends on the prompt alone, so two runs of
one plan can be compared text by text.
"""

import json
import random
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from mh_batch.datasets import load_grammar

Fault = Literal["500 before", "500 after", "drop before", "drop after", "429", "529", "400"]
Moment = Literal["arriving", "accepted", "looked at", "streaming"]

_CODES = {"English": "en", "German": "de", "French": "fr", "Italian": "it", "Portuguese": "pt", "Spanish": "es"}
_WHEN = "2026-03-01T08:00:00Z"


@dataclass
class Gate:
    """Holds the server at a moment, so that a test can kill the client right there."""

    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)


@dataclass
class Batch:
    name: str
    requests: list[dict[str, Any]]
    looks: int = 0


@dataclass
class PlayedApi:
    """What the server does and what it has seen.

    Attributes:
        faults: What goes wrong with the next creations, one each.
        fates: What becomes of a request in place of success, once, by the number in its `custom_id`.
        broken_streams: So many streams of results break in the middle.
        failing_looks: So many looks at batches, or at their list, are answered by an error.
        looks_until_end: A batch ends when it has been looked at so often.
        others_before: Before each batch of ours, others on the account send batches of so many requests.
        others_after: Likewise after it.
        accepted: How often each `custom_id` was accepted.
        calls: Method and path of every call; `times` and `headers` are theirs, too.
        retry_after: What a failure advises, in seconds.
    """

    base_url: str = ""
    faults: deque[Fault] = field(default_factory=deque)
    fates: dict[int, list[str]] = field(default_factory=dict)
    broken_streams: int = 0
    failing_looks: int = 0
    looks_until_end: int = 1
    others_before: tuple[int, ...] = ()
    others_after: tuple[int, ...] = ()
    batches: list[Batch] = field(default_factory=list)
    accepted: Counter[str] = field(default_factory=Counter)
    calls: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    retry_after: str = "0.2"
    gates: dict[Moment, tuple[int, Gate]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hold(self, moment: Moment, times: int = 1) -> Gate:
        """Hold the server at `moment`, when it comes there for the n-th time."""
        gate = Gate()
        self.gates[moment] = (times, gate)
        return gate

    def posts(self) -> int:
        return sum(call.startswith("POST") for call in self.calls)

    def at(self, moment: Moment) -> None:
        with self.lock:
            times, gate = self.gates.get(moment, (0, Gate()))
            self.gates[moment] = (times - 1, gate)
        if times == 1:
            gate.reached.set()
            gate.opened.wait(20)

    def accept(self, requests: list[dict[str, Any]]) -> Batch:
        with self.lock:
            ids = [request["custom_id"] for request in requests]
            assert len(set(ids)) == len(ids)
            assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", one) for one in ids)
            self.accepted.update(ids)
            self._take_others(self.others_before)
            batch = Batch(f"msgbatch_{len(self.batches) + 1:04d}", requests)
            self.batches.append(batch)
            self._take_others(self.others_after)
            return batch

    def _take_others(self, sizes: tuple[int, ...]) -> None:
        for size in sizes:
            asked = [{"custom_id": f"theirs-{i}", "params": {"messages": [{"content": ""}]}} for i in range(size)]
            self.batches.append(Batch(f"msgbatch_of_others_{len(self.batches)}", asked))

    def shown(self, batch: Batch) -> dict[str, Any]:
        ended = batch.looks >= self.looks_until_end
        counts = dict.fromkeys(["processing", "succeeded", "errored", "canceled", "expired"], 0)
        counts["succeeded" if ended else "processing"] = len(batch.requests)
        return {
            "id": batch.name,
            "type": "message_batch",
            "processing_status": "ended" if ended else "in_progress",
            "request_counts": counts,
            "created_at": _WHEN,
            "expires_at": "2026-03-02T08:00:00Z",
            "ended_at": _WHEN if ended else None,
            "archived_at": None,
            "cancel_initiated_at": None,
            "results_url": f"{self.base_url}/v1/messages/batches/{batch.name}/results" if ended else None,
        }

    def results(self, batch: Batch) -> bytes:
        lines = [json.dumps({"custom_id": one["custom_id"], "result": self._result(one)}) for one in batch.requests]
        random.Random(batch.name).shuffle(lines)
        return "".join(f"{line}\n" for line in lines).encode()

    def _result(self, request: dict[str, Any]) -> dict[str, Any]:
        planned = self.fates.get(_number(request["custom_id"]), [])
        attempt = int(request["custom_id"].rpartition("-")[2])
        fate = planned[attempt] if attempt < len(planned) else "succeeded"
        if fate in ("expired", "canceled"):
            return {"type": fate}
        if fate != "succeeded":
            return {"type": "errored", "error": {"type": "error", "error": {"type": fate, "message": "m"}}}
        text = written(request["params"]["messages"][0]["content"])
        message = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": request["params"].get("model"),
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 700, "output_tokens": 50},
        }
        return {"type": "succeeded", "message": message}


def written(prompt: str) -> str:
    """What the played model answers to a prompt: JSON in a fence, as models often do."""
    asked = re.match(r"Write (\d+) texts in (\w+), each of (\d+) to (\d+) words", prompt)
    if asked is None:
        return ""
    rng = random.Random(prompt)
    grammar = load_grammar(_CODES[asked[2]])
    texts = [grammar.text("depressed", rng.randint(int(asked[3]), int(asked[4])), rng) for _ in range(int(asked[1]))]
    return f"Here they are:\n```json\n{json.dumps({'texts': texts}, ensure_ascii=False)}\n```"


def _number(custom_id: str) -> int:
    found = re.fullmatch(r"[0-9a-f]+-(\d+)-\d+", custom_id)
    return int(found[1]) if found else -1


class _Handler(BaseHTTPRequestHandler):
    api: PlayedApi

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self._note("POST")
        fault = self.api.faults.popleft() if self.api.faults else None
        if fault in ("429", "529", "400", "500 before"):
            self._fail(int(fault[:3]))
            return
        self.api.at("arriving")
        if fault == "drop before":
            return
        batch = self.api.accept(body["requests"])
        self.api.at("accepted")
        if fault == "500 after":
            self._fail(500)
        elif fault != "drop after":
            self._send(200, self.api.shown(batch))

    def do_GET(self) -> None:
        self._note("GET")
        if self.api.failing_looks > 0:
            self.api.failing_looks -= 1
            self._fail(500)
            return
        parts = urlsplit(self.path)
        names = parts.path.removeprefix("/v1/messages/batches").strip("/").split("/")
        if names == [""]:
            self._list({key: values[0] for key, values in parse_qs(parts.query).items()})
            return
        batch = next(one for one in self.api.batches if one.name == names[0])
        if len(names) == 2:
            self._stream(self.api.results(batch))
            return
        self.api.at("looked at")
        batch.looks += 1
        self._send(200, self.api.shown(batch))

    def _list(self, query: dict[str, str]) -> None:
        newest_first = self.api.batches[::-1]
        names = [batch.name for batch in newest_first]
        start = names.index(query["after_id"]) + 1 if "after_id" in query else 0
        # Smaller pages than asked for, so that there are several.
        page = newest_first[start : start + min(2, int(query.get("limit", 20)))]
        more = start + len(page) < len(newest_first)
        ends = {"first_id": page[0].name if page else None, "last_id": page[-1].name if page else None}
        self._send(200, {"data": [self.api.shown(batch) for batch in page], "has_more": more, **ends})

    def _stream(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/binary")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        self.wfile.flush()
        self.api.at("streaming")
        if self.api.broken_streams > 0:
            self.api.broken_streams -= 1
            return
        self.wfile.write(content[len(content) // 2 :])

    def _note(self, method: str) -> None:
        self.api.times.append(time.monotonic())
        self.api.calls.append(f"{method} {urlsplit(self.path).path}")
        self.api.headers.append({name.lower(): value for name, value in self.headers.items()})

    def _fail(self, status: int) -> None:
        kind = {400: "invalid_request_error", 429: "rate_limit_error", 529: "overloaded_error"}.get(status, "api_error")
        self._send(
            status, {"type": "error", "error": {"type": kind, "message": "PRIVATE"}}, retry_after=self.api.retry_after
        )

    def _send(self, status: int, content: dict[str, Any], retry_after: str | None = None) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if retry_after:
            self.send_header("retry-after", retry_after)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def playing() -> Iterator[PlayedApi]:
    """Play the API on a free port of this machine while the block runs."""
    api = PlayedApi()
    handler = type("Handler", (_Handler,), {"api": api})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that were killed are no news
    api.base_url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        for _, gate in api.gates.values():
            gate.opened.set()
        server.shutdown()
        server.server_close()
        thread.join()
