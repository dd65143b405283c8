"""Where the present work comes from: a person's address, or one of the console's own processes."""

from __future__ import annotations

from contextvars import ContextVar

TERMINAL = "terminal"
WORKER = "worker"

_origin: ContextVar[str] = ContextVar("dr_console_origin", default="")
_process = TERMINAL


def current() -> str:
    """The origin of the work in hand: an IP address while a request is answered, else `terminal` or `worker`."""
    return _origin.get() or _process


def this_process_is(name: str) -> None:
    """Say where work comes from that no request began, in whatever thread: each process calls it as it starts."""
    global _process
    _process = name


def remember(origin: str) -> None:
    """Say where the work from here on comes from; an empty text forgets it."""
    _origin.set(origin)
