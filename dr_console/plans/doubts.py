"""What a plan may say, but only where a person takes it so by name: it is right, and perhaps not wise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.contrib.auth.models import User

from dr_console.errors import Refused
from dr_console.plans.models import PlanVersion


@dataclass(frozen=True)
class Doubt:
    """`section`, `key`: the entry that it is about. `words`: the warning, in the reader's language.

    `facts`: what it was found from. With other facts it is another doubt, which has to be accepted anew.
    """

    section: str
    key: str
    words: str = field(compare=False)
    facts: tuple[int | str, ...] = ()


@dataclass(frozen=True)
class Acceptance:
    """Who took it so, the name that they wrote for it, and the version of the plan that says it."""

    by: User
    name: str
    version: PlanVersion


class Unaccepted(Refused):
    """Nothing was saved: these doubts have not been accepted yet. `name`: what was written instead of the person's."""

    def __init__(self, doubts: Sequence[Doubt], name: str = "") -> None:
        super().__init__(" ".join(one.words for one in doubts))
        self.doubts = list(doubts)
        self.name = name


def is_name_of(person: User, text: str) -> bool:
    """Whether that is how the person is called, or their login: capitals and spaces do not matter."""
    written = " ".join(text.split()).casefold()
    return written in {one.casefold() for one in (person.get_full_name(), person.get_username()) if one}
