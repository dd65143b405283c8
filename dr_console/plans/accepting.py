"""Ask whoever changes the plan to take by name what it makes doubtful."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from dr_console.plans import registry
from dr_console.plans.doubts import Acceptance, Doubt, Unaccepted, is_name_of
from dr_console.plans.models import PlanVersion

Content = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """One change of one entry. `name`: what the person wrote below the warning; empty before they have seen it."""

    section: str
    key: str
    by: User
    name: str = ""

    def doubts(self, before: Content, after: Content) -> list[Doubt]:
        """What the change makes doubtful, and what has been doubtful of this entry. Raises Unaccepted without a name.

        What was doubtful elsewhere before is nothing that this change could be held up by.
        """
        known = set(found(before))
        doubts = [one for one in found(after) if one not in known or (one.section, one.key) == (self.section, self.key)]
        if doubts and not is_name_of(self.by, self.name):
            raise Unaccepted(doubts, self.name)
        return doubts

    def accept(self, doubts: list[Doubt], version: PlanVersion) -> None:
        for doubt in doubts:
            accept = registry.section(doubt.section).accept
            assert accept is not None, f"{doubt.section} doubts, and cannot be accepted"
            accept(doubt, Acceptance(self.by, self.name.strip(), version))


def found(content: Content) -> Iterator[Doubt]:
    """Everything that is doubtful of a plan, and that nobody has accepted."""
    for section in registry.sections():
        if section.doubts is not None:
            yield from section.doubts(content)
