"""A dry run changes nothing: within it, a call that could is not sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_is_dry: ContextVar[bool] = ContextVar("is_dry", default=False)


class WouldChange(RuntimeError):
    """A mistake of ours: something that is only to look was about to change the world. Nothing was sent."""


@contextmanager
def only_looking() -> Iterator[None]:
    """Within this block, and in this thread or task, whoever is about to send a change raises WouldChange instead."""
    token = _is_dry.set(True)
    try:
        yield
    finally:
        _is_dry.reset(token)


def about_to_send(vendor: str, operation: str, *, reads: bool) -> None:
    """Called before anything is sent. Raises WouldChange."""
    if _is_dry.get() and not reads:
        raise WouldChange(f"In a dry run, {vendor} was about to be asked to {operation}.")
