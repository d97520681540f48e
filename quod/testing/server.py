"""A real HTTP server on this machine that speaks OpenAI's chat-completions protocol from a script."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Scripted:
    """One reply of the script.

    `finish_reason="length"` plays a truncated reply; `status` other than 200 an error with `text` as its
    message; `delay` waits that many seconds first; `body` sends these bytes instead of a completion;
    `drop` closes the connection without an answer.
    """

    text: str = ""
    finish_reason: str = "stop"
    status: int = 200
    delay: float = 0.0
    input_tokens: int = 100
    output_tokens: int = 50
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    drop: bool = False


@dataclass(frozen=True)
class Request:
    """One request that the server received; `json` is its parsed body."""

    path: str
    headers: Mapping[str, str]
    json: Mapping[str, Any]

    @property
    def messages(self) -> Sequence[Mapping[str, str]]:
        """The messages of a chat completion."""
        found: Sequence[Mapping[str, str]] = self.json.get("messages", [])
        return found


class ScriptedServer:
    """Answers the n-th chat completion with the n-th reply of `replies` (text, or `Scripted`).

    Use it as a context manager. `url` is the base URL for a client, `requests` what was asked so far. When
    the script is over, the last reply is given again if `repeat_last`, else the answer is an error 410.
    """

    def __init__(self, replies: Sequence[str | Scripted] = (), *, repeat_last: bool = False) -> None:
        self.replies = [Scripted(text=r) if isinstance(r, str) else r for r in replies]
        self.requests: list[Request] = []
        self._repeat_last = repeat_last
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server: http.server.ThreadingHTTPServer | None = None
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
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
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

    def take(self, request: Request) -> Scripted:
        """Record a request and give the reply that is next."""
        with self._lock:
            self.requests.append(request)
            place = len(self.requests) - 1
        if place < len(self.replies):
            return self.replies[place]
        if self._repeat_last and self.replies:
            return self.replies[-1]
        return Scripted(status=410, text="the script has no more replies")

    def wait(self, seconds: float) -> None:
        """Sleep, but not beyond the end of the server."""
        self._closing.wait(seconds)


class _Handler(http.server.BaseHTTPRequestHandler):
    script: ScriptedServer
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        if self.path.rstrip("/").endswith("/models"):
            self._send(200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]}, {})
        else:
            self._send(404, _error(f"there is nothing at {self.path}"), {})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self.path.rstrip("/").endswith("/chat/completions"):
            self._send(404, _error(f"there is nothing at {self.path}"), {})
            return
        try:
            body = json.loads(raw)
        except ValueError:
            self._send(400, _error("the body is not JSON"), {})
            return
        reply = self.script.take(Request(self.path, dict(self.headers), body))
        self.script.wait(reply.delay)
        if reply.drop:
            self.close_connection = True
        elif reply.body is not None:
            self._send_bytes(reply.status, reply.body, reply.headers)
        elif reply.status != 200:
            self._send(reply.status, _error(reply.text), reply.headers)
        else:
            self._send(200, _completion(reply, str(body.get("model"))), reply.headers)

    def _send(self, status: int, document: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        self._send_bytes(status, json.dumps(document).encode(), headers)

    def _send_bytes(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client gave up waiting

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the requests are recorded."""


def _completion(reply: Scripted, model: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": reply.text}
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": reply.finish_reason}],
        "usage": {
            "prompt_tokens": reply.input_tokens,
            "completion_tokens": reply.output_tokens,
            "total_tokens": reply.input_tokens + reply.output_tokens,
        },
    }


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "scripted", "code": None}}
