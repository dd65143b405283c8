"""One request of a user and what comes back, as the edge, the origins and the product hand it on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

PATIENCE_SECONDS = 10.0


@dataclass(frozen=True)
class Ask:
    """`headers`: names in lower case. `path`: with its leading slash, without the query."""

    method: str
    host: str
    path: str = "/"
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def address(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


@dataclass
class Reply:
    """`seconds`: how long it took, in the world. `broken`: "" for an answer, or "timeout", "reset" or "no-name".

    `by`: what answered: "cdn" for the CDN of itself, else the origin's host.
    """

    status: int = 0
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.02
    broken: str = ""
    by: str = ""

    @property
    def is_good(self) -> bool:
        """What a user calls an answer: it came, it was no error, and it came before they gave up."""
        return not self.broken and self.status < 400 and self.seconds <= PATIENCE_SECONDS


def as_json(value: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    body = json.dumps(value, ensure_ascii=False).encode()
    return Reply(status, body, {"content-type": "application/json", "cache-control": "no-store", **named})


def as_page(html: str, status: int = 200, cache_control: str = "no-store") -> Reply:
    return Reply(status, html.encode(), {"content-type": "text/html; charset=utf-8", "cache-control": cache_control})
