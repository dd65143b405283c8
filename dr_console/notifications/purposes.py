"""Why a message is sent, and who is asked and told about it: rooms above this one say so when the console starts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib import import_module
from typing import Protocol, cast

from dr_console.notifications.models import Delivery
from dr_console.web.sentences import Sentence


class Wish(StrEnum):
    """What somebody who got a message asks for."""

    ACKNOWLEDGE = "acknowledge"
    ESCALATE = "escalate"


@dataclass(frozen=True)
class Answer:
    """What somebody said to a message. `by`: who it was, in words, as far as the channel knows.

    `via`: a word of Channel, "link" or "page". `as_of`: when they saw what they answer to (UTC): what has happened
    since then they may not have known. `user_id`: the account of the console, where it is known.
    """

    wish: Wish
    by: str
    via: str
    as_of: datetime
    user_id: int | None = None


@dataclass(frozen=True)
class Reply:
    """What they are told. `is_done`: whether what they asked for is so now, by them or by somebody before."""

    said: Sentence
    is_done: bool


class Purpose(Protocol):
    """Every method is called within the transaction that changes the message."""

    def is_wanted(self, delivery: Delivery) -> bool:
        """Asked just before it is handed over: False, and it is cancelled instead."""
        ...

    def awaits_answer(self, delivery: Delivery) -> bool:
        """Whether an answer to it still changes anything, though it may be sent to nobody any more."""
        ...

    def answered(self, delivery: Delivery, answer: Answer) -> Reply:
        """Somebody answered to it."""
        ...

    def changed(self, delivery: Delivery) -> None:
        """Its state is another: sent, delivered, failed, unknown."""
        ...


_purposes: dict[str, str] = {}


def register(name: str, path: str) -> None:
    """`path`: of the module that has the methods of Purpose as functions. Called while apps are made ready."""
    _purposes[name] = path


def purpose(name: str) -> Purpose | None:
    """None for a message that nobody asks about."""
    path = _purposes.get(name)
    if path is None:
        return None
    # By import_string it is found only where somebody else has imported it before.
    return cast(Purpose, import_module(path))
