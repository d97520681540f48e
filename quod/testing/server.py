"""A real HTTP server on this machine that speaks OpenAI's chat-completions protocol from a script."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

from quod.testing import replies
from quod.testing.replies import Request, Script, Scripted


class ScriptedServer:
    """Answers the n-th chat completion with the n-th of `replies` (text, or `Scripted`).

    `replies` may be a function of the request instead, so that requests which come at once are answered by
    what they ask. Use the server as a context manager. `url` is the base URL for a client, `requests` what
    was asked so far, `most_at_once` how many requests were open at the same time at most, `listed` how often
    the list of models was asked for; `owned_by` is what that list says of the model ("vllm" plays vLLM).
    When the script is over, the last reply is given again if `repeat_last`, else the answer is an error 410.
    """

    def __init__(
        self, replies: Script = (), *, repeat_last: bool = False, owned_by: str = "scripted"
    ) -> None:
        self.replies = replies if callable(replies) else [_scripted(reply) for reply in replies]
        self.requests: list[Request] = []
        self.listed = 0
        self.most_at_once = 0
        self.owned_by = owned_by
        self._repeat_last = repeat_last
        self._open = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Base URL such as `http://127.0.0.1:40123/v1`."""
        if self._server is None:
            raise RuntimeError("the server is not running; use it in a with statement")
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> ScriptedServer:
        handler = type("Handler", (_Handler,), {"script": self})
        self._closing.clear()
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        assert self._thread is not None
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = None

    @contextlib.contextmanager
    def answering(self, request: Request) -> Iterator[Scripted]:
        """Record a request and give the reply to it."""
        with self._lock:
            self.requests.append(request)
            place = len(self.requests) - 1
            self._open += 1
            self.most_at_once = max(self.most_at_once, self._open)
        try:
            yield self._reply(request, place)
        finally:
            with self._lock:
                self._open -= 1

    def wait(self, seconds: float) -> bool:
        """Sleep, but not beyond the end of the server; whether it goes on."""
        return not self._closing.wait(seconds) if seconds else not self._closing.is_set()

    def models(self) -> dict[str, Any]:
        """The list of models."""
        with self._lock:
            self.listed += 1
        return {
            "object": "list",
            "data": [{"id": "scripted", "object": "model", "created": 0, "owned_by": self.owned_by}],
        }

    def _reply(self, request: Request, place: int) -> Scripted:
        if callable(self.replies):
            try:
                return _scripted(self.replies(request))
            except Exception as error:  # the client shall see it: a thread of the server cannot raise
                return Scripted(status=500, text=f"the script failed: {error!r}")
        if place < len(self.replies):
            return _scripted(self.replies[place])
        if self._repeat_last and self.replies:
            return _scripted(self.replies[-1])
        return Scripted(status=410, text="the script has no more replies")


def _scripted(reply: str | Scripted) -> Scripted:
    return Scripted(text=reply) if isinstance(reply, str) else reply


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128  # of five, the default, a burst of requests loses a second to retransmission


class _Handler(http.server.BaseHTTPRequestHandler):
    script: ScriptedServer
    protocol_version = "HTTP/1.1"
    timeout = 30
    disable_nagle_algorithm = True  # small events would wait 40 ms for an acknowledgement

    def do_GET(self) -> None:
        if self.path.rstrip("/").endswith("/models"):
            self._send(200, self.script.models(), {})
        else:
            self._send(404, replies.error(f"there is nothing at {self.path}"), {})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self.path.rstrip("/").endswith("/chat/completions"):
            self._send(404, replies.error(f"there is nothing at {self.path}"), {})
            return
        try:
            body = json.loads(raw)
        except ValueError:
            self._send(400, replies.error("the body is not JSON"), {})
            return
        with self.script.answering(Request(self.path, dict(self.headers), body)) as reply:
            self._answer(reply, body)

    def _answer(self, reply: Scripted, body: Mapping[str, Any]) -> None:
        self.script.wait(reply.delay)
        if reply.drop:
            self.close_connection = True
        elif reply.body is not None:
            self._send_bytes(reply.status, reply.body, reply.headers)
        elif reply.status != 200:
            self._send(reply.status, replies.error(reply.text), reply.headers)
        elif body.get("stream"):
            self._stream(reply, body)
        else:
            self.script.wait(reply.seconds_per_token * len(reply.tokens))
            self._send(200, replies.completion(reply, str(body.get("model"))), reply.headers)

    def _stream(self, reply: Scripted, body: Mapping[str, Any]) -> None:
        sent, begin = 0, time.monotonic()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._head(
                200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}, reply.headers
            )
            for event, holds_token in replies.events(reply, body):
                # By the clock, so that late tokens do not make all later ones late.
                due = begin + (sent + 1) * reply.seconds_per_token - time.monotonic()
                if sent == reply.break_after or (holds_token and not self.script.wait(max(0.0, due))):
                    break
                sent += holds_token
                self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            else:
                self.wfile.write(b"0\r\n\r\n")
                return
        self.close_connection = True

    def _send(self, status: int, document: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        self._send_bytes(status, json.dumps(document).encode(), headers)

    def _send_bytes(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        try:
            self._head(
                status, {"Content-Type": "application/json", "Content-Length": str(len(body))}, headers
            )
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client gave up waiting

    def _head(self, status: int, own: Mapping[str, str], given: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**own, **given}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the requests are recorded."""
