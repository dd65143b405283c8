"""What the people behind telephone numbers do when it rings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

E164 = re.compile(r"\+[1-9]\d{6,14}")

Does = Literal["ring", "press", "listen", "hang-up", "voicemail", "busy", "no-answer", "fail"]
# What Twilio calls the end of a call that nobody took.
UNANSWERED = {"busy": "busy", "no-answer": "no-answer", "fail": "failed"}


@dataclass(frozen=True)
class Habit:
    """`ring`: nobody answers unless told to through the control API. `press`: answers, and presses `digits`.

    `listen`: answers, hears it all and presses nothing. `after`: seconds until the call is answered;
    `thinks`: seconds until a key is pressed.
    """

    does: Does = "ring"
    digits: str = ""
    after: float = 5.0
    thinks: float = 2.0


# Numbers that always do the same, so that a story needs no preparation.
ALWAYS = {
    "+15550190": Habit("press", digits="1"),
    "+15550191": Habit("voicemail"),
    "+15550192": Habit("busy"),
    "+15550193": Habit("fail"),
    "+15550194": Habit("no-answer"),
    "+15550195": Habit("listen"),
    "+15550196": Habit("hang-up"),
    "+15550197": Habit("press", digits="2"),
}


def number_of(text: str) -> str:
    """A number as it is written by people, as E.164; "" if it is none."""
    bare = re.sub(r"[\s().\-]", "", text)
    return bare if E164.fullmatch(bare) else ""


@dataclass
class Telephones:
    habits: dict[str, Habit] = field(default_factory=lambda: dict(ALWAYS))

    def habit(self, number: str) -> Habit:
        return self.habits.get(number, Habit())
