"""Where the present work comes from: a person's address, or one of the console's own processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

TERMINAL = "terminal"
WORKER = "worker"

_origin: ContextVar[str] = ContextVar("dr_console_origin", default="")


def current() -> str:
    """The origin of the work in hand: an IP address while a request is answered, else `terminal` or `worker`."""
    return _origin.get() or TERMINAL


def remember(origin: str) -> None:
    """Say where the work from here on comes from; an empty text forgets it."""
    _origin.set(origin)


@contextmanager
def coming_from(origin: str) -> Iterator[None]:
    """Say where the work inside the block comes from: the Celery task uses `coming_from(WORKER)`."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)
