"""How long something may take in all. The caller says it once, and everything underneath keeps to what is left."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Deadline:
    """A moment on the monotonic clock, so that setting the machine's clock neither cuts short nor prolongs."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        return cls(time.monotonic() + seconds)

    def left(self) -> float:
        """Seconds that are left; never less than zero."""
        return max(0.0, self.at - time.monotonic())

    @property
    def has_passed(self) -> bool:
        return self.left() == 0.0

    def no_later_than(self, seconds: float) -> Deadline:
        """This one, or one in so many seconds if that is earlier."""
        return Deadline(min(self.at, time.monotonic() + seconds))


# A look takes no longer, as a rule.
LOOK_SECONDS = 1.0


def looks(deadline: Deadline, *, first: float = 0.2, longest: float = 5.0) -> Iterator[None]:
    """Come round until the deadline, at pauses (seconds) that grow from `first` to `longest`. For polling:

    for _ in looks(deadline): if done(): return …
    raise ProviderError(…, Problem.NOT_IN_TIME)
    """
    pause = first
    # A look that begins at the last moment would be cut off, and tell of that instead of what is waited for.
    needed = min(LOOK_SECONDS, deadline.left() / 5)
    while deadline.left() > needed:
        yield
        time.sleep(min(pause * random.uniform(0.9, 1.1), deadline.left()))
        pause = min(pause * 1.5, longest)
