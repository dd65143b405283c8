"""Keep what goes wrong in other people's code, where the rest has to go on all the same."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class Kept:
    """Keeps whatever goes wrong in the block. What ends the process goes on its way."""

    error: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.error = error
        return isinstance(error, Exception)

    @property
    def line(self) -> str:
        """The error in a line; empty for none."""
        return "" if self.error is None else f"{type(self.error).__name__}: {self.error}".strip()
