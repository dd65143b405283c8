"""Function platform: a cold standby that is made warm, switched to another version, stopped, and put back as it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from dr_console.providers.deadlines import Deadline


class Warmth(StrEnum):
    """How ready instances are that were ordered beforehand."""

    NONE = "none"  # none were ordered: the first request waits for an instance
    WARMING = "warming"
    WARM = "warm"
    FAILED = "failed"


@dataclass(frozen=True)
class FunctionState:
    """A function behind the alias that takes traffic, as it now is; enough to put it back.

    `revision`: of the alias, for changing it only if nobody else did. `reserved`: how many requests may run at once,
    0 means that it is stopped, None that nothing was said. `ordered`, `ready`: warm instances. `url`: "" without one.
    """

    name: str
    alias: str
    version: str
    revision: str
    url: str
    reserved: int | None
    ordered: int
    ready: int
    warmth: Warmth
    warmth_said: str
    code_hash: str
    modified_at: datetime

    @property
    def is_stopped(self) -> bool:
        return self.reserved == 0


@dataclass(frozen=True)
class Invocation:
    """One call that was answered. `seconds`: until the whole answer had come; many mean that it was cold."""

    version: str
    seconds: float
    failed: str
    answered: str


class FunctionPlatform(Protocol):
    def state(self, *, deadline: Deadline) -> FunctionState:
        """What the function is now. Raises NOT_FOUND without function or alias."""
        ...

    def order_warmth(self, instances: int, *, deadline: Deadline) -> None:
        """Have so many instances kept warm for the alias. Takes minutes; `state` says how far it is.

        Doing it twice is the same as doing it once.
        """
        ...

    def end_warmth(self, *, deadline: Deadline) -> None:
        """Keep none warm any more, which also ends what they cost. Doing it twice is the same as doing it once."""
        ...

    def wait_until_warm(self, *, deadline: Deadline) -> FunctionState:
        """Look until all that were ordered are ready. Raises FAILED, or NOT_IN_TIME."""
        ...

    def invoke(self, *, deadline: Deadline) -> Invocation:
        """Call it once with a health check, which makes one instance warm; harmless to repeat."""
        ...

    def invoke_until_quick(self, *, within: float, deadline: Deadline) -> Invocation:
        """Call it until it answers without an error in so many seconds. Raises FAILED or NOT_IN_TIME."""
        ...

    def switch(self, version: str, *, revision: str, deadline: Deadline) -> FunctionState:
        """Let the alias lead to another version, if its revision still is this one.

        Raises REFUSED where somebody changed the alias meanwhile. After an unknown outcome, `state` tells: its version
        is the new one. Repeating it then is refused, and harmless.
        """
        ...

    def stop(self, *, deadline: Deadline) -> None:
        """Let it answer nobody. Doing it twice is the same as doing it once. `put_back` is the way back."""
        ...

    def put_back(self, state: FunctionState, *, deadline: Deadline) -> FunctionState:
        """Make version, reserved concurrency and warmth what they were in `state`. Harmless to repeat."""
        ...
