"""Environment variables of a hosted project: read them one by one to back them up, and write them back."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from dr_console.providers.deadlines import Deadline


class Reading(StrEnum):
    """What became of a variable's value."""

    NOT_ASKED = "not_asked"
    READ = "read"
    SENSITIVE = "sensitive"  # write-only by design: nobody gets the value back
    CHALLENGED = "challenged"  # the vendor wants a person to log in anew before it shows the value
    WITHHELD = "withheld"  # the vendor answers with the encrypted value only
    GONE = "gone"  # deleted between the listing and the reading


@dataclass(frozen=True)
class Variable:
    """One variable of a project. A key may occur several times, with other targets or another branch.

    `type`: the vendor's own word. `targets`: production, preview, development; `environments`: ids of custom ones.
    `value` is None unless `reading` is READ; it is never shown in a repr.
    """

    id: str
    key: str
    type: str
    targets: tuple[str, ...]
    value: str | None = field(default=None, repr=False)
    reading: Reading = Reading.NOT_ASKED
    git_branch: str = ""
    environments: tuple[str, ...] = ()
    comment: str = ""

    @property
    def is_backed_up(self) -> bool:
        return self.reading is Reading.READ


class VariableProvider(Protocol):
    """No value is ever part of an error."""

    def variables(self, project: str, *, deadline: Deadline) -> list[Variable]:
        """All of them, without values."""
        ...

    def read(self, project: str, variable: Variable, *, deadline: Deadline) -> Variable:
        """The same with its value, or with the reason why it cannot be read. That one cannot be is no error."""
        ...

    def read_all(self, project: str, *, deadline: Deadline) -> list[Variable]:
        """All of them, each read. A backup is complete only if every one `is_backed_up`."""
        ...

    def write(self, project: str, variable: Variable, *, deadline: Deadline) -> Variable:
        """Make the variable of this key, targets and branch what `variable` says; it is made if there is none.

        Twice is the same as once. Takes effect with the next deployment. `variable.id` is not looked at.
        """
        ...

    def delete(self, project: str, id: str, *, deadline: Deadline) -> None:
        """Twice is the same as once."""
        ...
