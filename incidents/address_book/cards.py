"""What a file says of one contact or vendor, before anybody knows whether the plan has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from incidents.models import ChannelKind

KINDS = tuple(ChannelKind.values)
ALL_KINDS = frozenset(KINDS)
SECOND_LANGUAGE = "zh-hans"


@dataclass(frozen=True)
class Fields:
    """Which fields an entry of the plan has beside its channels, in the plan's order.

    `texts` are written in every language, `numbers` are whole numbers, `optional` may be left out.
    """

    names: tuple[str, ...]
    texts: frozenset[str]
    numbers: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()


@dataclass
class Card:
    """`line`: where it begins in the file, from 1.

    `values`: what the file says; "" where it says that there is nothing; what it does not speak of is not in it. Texts
    are under `name` and, for the second language, `name zh-hans`. `channels`: kind and address, the best first. They
    take the place of all that the plan has of the kinds in `replaces`; of other kinds they are added.
    """

    line: int
    values: dict[str, str] = field(default_factory=dict)
    channels: list[dict[str, str]] = field(default_factory=list)
    replaces: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Wrong:
    """One thing that is wrong with a file, in words. `line` is 0 where it is about the whole of it."""

    line: int
    words: str


@dataclass
class Reading:
    """What a file says, what is wrong with it, and what of it is not read."""

    cards: list[Card] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def second(name: str) -> str:
    """Under which name a card has the second language of a text."""
    return f"{name} {SECOND_LANGUAGE}"


def both(value: Any) -> tuple[str, str]:
    """A text of the plan in both languages; the second is empty where it is the same."""
    if isinstance(value, dict):
        return value["en"], value[SECOND_LANGUAGE]
    return value or "", ""


def same_address(kind: str, address: str) -> str:
    """What two ways to write one address have in common."""
    if kind == "phone":
        return "".join(character for character in address if character.isdigit())
    return address.strip().casefold()


def told(channel: dict[str, str]) -> tuple[str, str]:
    return channel["kind"], same_address(channel["kind"], channel["address"])


def without_doubles(channels: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    for channel in channels:
        found.setdefault(told(channel), channel)
    return list(found.values())
