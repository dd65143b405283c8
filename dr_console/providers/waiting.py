"""Waiting for what a vendor has accepted and not done yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers.deadlines import Deadline, looks

T = TypeVar("T")


def waited_for(look: Callable[[], tuple[T | None, str]], *, vendor: str, operation: str, deadline: Deadline) -> T:
    """What `look` finds, asked again and again; how far things are, its second answer, is told if it finds nothing.

    A look that fails and may go well the next time does not end the waiting: what was accepted goes on without us.
    Raises NOT_IN_TIME at the deadline, also where that cut the last look short: what we wait for may yet come.
    """
    said = ""
    for _look in looks(deadline):
        found = None
        try:
            found, said = look()
        except ProviderError as error:
            if error.permanent:
                raise
            if not deadline.has_passed:
                said = " ".join(filter(None, [error.problem.value, str(error.status or ""), error.code]))
        if found is not None:
            return found
    raise ProviderError(vendor, operation, Problem.NOT_IN_TIME, said=said, outcome=Outcome.UNKNOWN)
