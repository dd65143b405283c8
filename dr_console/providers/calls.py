"""Every call to a vendor leaves a record: in the log, and with whoever listens, as a run does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

log = logging.getLogger("dr_console.providers")


@dataclass(frozen=True)
class Call:
    """One request that was sent, or tried to be. Nothing in it is secret.

    `url` is without its query. `seconds`: until the whole answer had come. `problem`: one of errors.Problem, or empty.
    """

    vendor: str
    operation: str
    method: str
    url: str
    attempt: int
    began_at: datetime
    seconds: float
    status: int | None = None
    problem: str = ""
    code: str = ""


Listener = Callable[[Call], None]
_listeners: ContextVar[tuple[Listener, ...]] = ContextVar("listeners", default=())


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Within this block, and in this thread or task, `listener` is given every call when it has ended."""
    token = _listeners.set((*_listeners.get(), listener))
    try:
        yield
    finally:
        _listeners.reset(token)


def record(call: Call) -> None:
    log.log(
        logging.WARNING if call.problem else logging.INFO,
        "%s: %s (%s %s) %s in %.0f ms%s",
        call.vendor,
        call.operation,
        call.method,
        call.url,
        call.status or call.problem,
        call.seconds * 1000,
        f", attempt {call.attempt}" if call.attempt > 1 else "",
    )
    for listener in _listeners.get():
        listener(call)
