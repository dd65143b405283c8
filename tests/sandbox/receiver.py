"""A server on this machine that is told things by pretend vendors, as the console will be."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

Answer = tuple[int, str]


@dataclass
class Heard:
    """One request. `url`: as it was asked for; `form`: the fields of its body, if it is a form."""

    method: str
    url: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass
class Receiver:
    """`answers`: by path, what it says; a function is given the request."""

    url: str
    heard: list[Heard] = field(default_factory=list)
    answers: dict[str, Answer | Callable[[Heard], Answer]] = field(default_factory=dict)

    def wait_for(self, count: int, *, seconds: float = 10) -> list[Heard]:
        """Wait until so many requests have come."""
        until = time.monotonic() + seconds
        while len(self.heard) < count:
            assert time.monotonic() < until, f"only {[(one.method, one.path) for one in self.heard]} came"
            time.sleep(0.01)
        return self.heard


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _hear(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            url = f"http://{self.headers['Host']}{self.path}"
            path = self.path.partition("?")[0]
            heard = Heard(self.command, url, path, dict(self.headers), body)
            answer = receiver.answers.get(path, (200, ""))
            status, said = answer(heard) if callable(answer) else answer
            receiver.heard.append(heard)
            self.send_response(status)
            self.send_header("Content-Length", str(len(said.encode())))
            self.end_headers()
            self.wfile.write(said.encode())

        do_POST = do_GET = _hear

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
