"""What the server must know of a vendor to put faults, log and authentication before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp


class Complain(Protocol):
    def __call__(self, status: int, *, request: Request, retry_after: float | None = None) -> Response:
        """An error in the vendor's own envelope, for a fault: 401 or 403 expired token, 429, 500 to 504."""
        ...


def method_and_path(request: Request, body: bytes) -> str:
    """What a fault rule's `route` is matched against: "PATCH /zones/…/dns_records/…", below the vendor's prefix."""
    return f"{request.method} {request.scope['path'].removeprefix(request.scope.get('root_path', ''))}"


@dataclass
class Vendor:
    """One vendor's API. Give `routes`, or an `app` of its own.

    `label`: the request in one line; AWS says "elasticache.CreateSnapshot" instead of a path.
    `control`: routes below /control/<name>/, for what only the world's owner can do (press a button, expire a token).
    `state`: for the world's page, as JSON values. `reset`: as new.
    `at_root`: how paths begin that its own tools ask for without the prefix, as they drop the path of a base URL.
    """

    name: str
    prefix: str
    complain: Complain
    routes: Sequence[BaseRoute] = ()
    app: ASGIApp | None = None
    label: Callable[[Request, bytes], str] = method_and_path
    control: Sequence[BaseRoute] = ()
    state: Callable[[], dict[str, Any]] = field(default=dict)
    at_root: Sequence[str] = ()
