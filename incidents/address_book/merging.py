"""Which contact or vendor of the plan a card is about, and what they are then."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from incidents.address_book.cards import (
    ALL_KINDS,
    SECOND_LANGUAGE,
    Card,
    Fields,
    Wrong,
    both,
    second,
    told,
    without_doubles,
)

Entry = dict[str, Any]
MOST_OF_A_KEY = 60


@dataclass
class Merged:
    """The entries with what the cards say. `lines`: where in the file each that it speaks of begins, by key."""

    entries: list[Entry]
    lines: dict[str, int] = field(default_factory=dict)
    wrong: list[Wrong] = field(default_factory=list)
    added: list[str] = field(default_factory=list)


def merge(entries: Sequence[Entry], cards: Sequence[Card], fields: Fields, *, defaults: Mapping[str, Any]) -> Merged:
    """Change whom the cards know, add whom they do not. Whoever is in no card stays as they are.

    A card is about the entry with its key; without a key, about the one that has one of its addresses, else its name.
    `defaults`: of an entry that is added.
    """
    merged = Merged([dict(entry) for entry in entries])
    by_key = {entry["key"]: entry for entry in merged.entries}
    for card in cards:
        entry = _about(card, merged.entries)
        if entry is None:
            key = card.values.get("key") or _new_key(card, by_key)
            entry = {**dict(defaults), "key": key, "channels": []}
            by_key[key] = entry
            merged.entries.append(entry)
            merged.added.append(key)
        elif entry["key"] in merged.lines:
            words = _("This is “%(key)s” once more, who stands on line %(line)d already.")
            merged.wrong.append(Wrong(card.line, words % {"key": entry["key"], "line": merged.lines[entry["key"]]}))
            continue
        merged.lines[entry["key"]] = card.line
        _fill(entry, card, fields)
    return merged


def _about(card: Card, entries: Sequence[Entry]) -> Entry | None:
    if card.values.get("key"):
        return next((entry for entry in entries if entry["key"] == card.values["key"]), None)
    addresses = set(map(told, card.channels))
    for entry in entries:
        if addresses & set(map(told, entry["channels"])):
            return entry
    names = {card.values.get(name, "").casefold() for name in ("name", second("name"))} - {""}
    return next((entry for entry in entries if names & {name.casefold() for name in both(entry.get("name"))}), None)


def _fill(entry: Entry, card: Card, fields: Fields) -> None:
    for name in fields.names:
        if name in fields.texts:
            _fill_text(entry, name, card)
        elif name != "key" and name in card.values:
            value = card.values[name]
            if value or name in fields.optional:
                entry[name] = _value(value, is_number=name in fields.numbers)
    listed = without_doubles(card.channels)
    entry["channels"] = listed if card.replaces >= ALL_KINDS else _added(entry["channels"], listed, card.replaces)


def _fill_text(entry: Entry, name: str, card: Card) -> None:
    if name not in card.values and second(name) not in card.values:
        return
    old, old_second = both(entry.get(name))
    first = card.values.get(name, old)
    other = card.values.get(second(name), old_second)
    if second(name) not in card.values and first in (old, old_second):
        return  # the file has one language, and says what the plan has in it
    texts = {"en": first or other, SECOND_LANGUAGE: other or first}
    entry[name] = (first or other or None) if texts["en"] == texts[SECOND_LANGUAGE] else texts


def _added(known: Sequence[dict[str, str]], listed: Sequence[dict[str, str]], replaces: frozenset[str]) -> list[Any]:
    """Those that stay keep their places; new ones come at the end."""
    wanted = set(map(told, listed))
    stay = [one for one in known if one["kind"] not in replaces or told(one) in wanted]
    return without_doubles([*stay, *listed])


def _value(text: str, *, is_number: bool) -> str | int | None:
    if not text:
        return None
    return int(text) if is_number and re.fullmatch(r"-?\d{1,9}", text) else text


def _new_key(card: Card, taken: Mapping[str, Entry]) -> str:
    """From the name, where it has letters that a key may have; else from the e-mail address; else a number."""
    mail = next((one["address"].partition("@")[0] for one in card.channels if one["kind"] == "email"), "")
    words = next(filter(None, map(_slug, (card.values.get("name", ""), mail))), "contact")
    numbered = (f"{words[: MOST_OF_A_KEY - 5]}-{number}" for number in range(2, 10_000))
    return words if words not in taken else next(key for key in numbered if key not in taken)


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MOST_OF_A_KEY].strip("-")
