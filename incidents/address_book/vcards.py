"""vCard 4.0 (RFC 6350), written; and read, with what telephones still write: 3.0 and 2.1.

What vCard has no word for goes under X-DR- names; the order of preference is PREF, over all kinds of channels.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from django.utils.translation import gettext as _

from incidents.address_book.cards import ALL_KINDS, KINDS, Card, Fields, Reading, Wrong, both, second

FOLDED_AT = 75
TEXTS = {"FN": "name", "TITLE": "title"}
LANGUAGES = {"en": "en", "zh": "zh-hans"}
OWN = "X-DR-"
PROPERTIES = {kind: f"X-{kind.upper()}" for kind in KINDS} | {"phone": "TEL", "email": "EMAIL"}
CHANNELS = {name: kind for kind, name in PROPERTIES.items()}
CALLED = {"individual": "person", "group": "team", "org": "team"}
NOT_FOR_VOICE = {"fax", "pager", "modem"}
PROPERTY = re.compile(r'(?:[\w-]+\.)?(?P<name>[\w-]+)(?P<parameters>(?:;(?:"[^"]*"|[^":])*)?):(?P<value>.*)', re.DOTALL)
PARAMETER = re.compile(r';([\w-]+)(?:=((?:"[^"]*"|[^";])*))?')
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
LAST = 101  # PREF goes from 1 to 100


# --- Written --------------------------------------------------------------------------------------
def written(entries: Sequence[dict[str, Any]], fields: Fields, *, kind: str = "") -> str:
    """All of them in one file. `kind`: of those whose entries say none."""
    return "".join(_fold(line) + "\r\n" for entry in entries for line in _lines(entry, fields, kind))


def _lines(entry: dict[str, Any], fields: Fields, kind: str) -> Iterator[str]:
    yield "BEGIN:VCARD"
    yield "VERSION:4.0"
    yield f"KIND:{kind or ('individual' if entry.get('kind') == 'person' else 'group')}"
    for property_name, name in TEXTS.items():
        yield from _text(property_name, entry.get(name))
    if entry.get("language"):
        yield f"LANG:{entry['language']}"
    if entry.get("time_zone"):
        yield f"TZ;VALUE=text:{_escape(entry['time_zone'])}"
    for place, channel in enumerate(entry["channels"], start=1):
        yield f"{PROPERTIES[channel['kind']]};PREF={min(place, 100)}:{_escape(channel['address'])}"
    for name in fields.names:
        yield from _own(name, entry.get(name), is_text=name in fields.texts)
    yield "END:VCARD"


def _text(name: str, value: Any) -> Iterator[str]:
    """In both languages, as one property with two faces, where they differ."""
    first, other = both(value)
    if other:
        yield f"{name};ALTID=1;LANGUAGE=en:{_escape(first)}"
        yield f"{name};ALTID=1;LANGUAGE=zh-Hans:{_escape(other)}"
    elif first:
        yield f"{name}:{_escape(first)}"


def _own(name: str, value: Any, *, is_text: bool) -> Iterator[str]:
    """What vCard has no property for; also empty, since this file says everything."""
    if name in (*TEXTS.values(), "language", "time_zone"):
        return
    own = OWN + name.upper().replace("_", "-")
    if is_text and value:
        yield from _text(own, value)
    else:
        yield f"{own}:{_escape('' if value is None else str(value))}"


def _escape(text: str) -> str:
    for plain, escaped in (("\\", "\\\\"), ("\n", "\\n"), (",", "\\,"), (";", "\\;")):
        text = text.replace(plain, escaped)
    return text


def _fold(line: str) -> str:
    """Lines of at most 75 bytes; the next ones begin with a blank. No character is cut in two."""
    pieces, size = [""], 0
    for character in line:
        length = len(character.encode())
        if size + length > FOLDED_AT:
            pieces.append(" ")
            size = 1
        pieces[-1] += character
        size += length
    return "\r\n".join(pieces)


# --- Read -----------------------------------------------------------------------------------------
@dataclass
class _Property:
    line: int
    name: str
    value: str
    parameters: dict[str, list[str]] = field(default_factory=dict)

    @property
    def place(self) -> int:
        """How much it is preferred: 1 comes first."""
        number = (self.parameters.get("PREF") or [""])[0]
        if number.isdigit():
            return int(number)
        return 1 if "pref" in self.types else LAST

    @property
    def types(self) -> set[str]:
        """Also those that vCard 2.1 writes without saying that they are types."""
        words = [word for words in self.parameters.values() for word in words] + list(self.parameters)
        return {word.casefold() for word in words}

    @property
    def is_second_language(self) -> bool:
        return (self.parameters.get("LANGUAGE") or [""])[0].casefold().startswith("zh")


def read(text: str, fields: Fields) -> Reading:
    """What the file says. Properties that say nothing here are passed over."""
    reading = Reading()
    reading.cards = [_card(properties, fields) for properties in _blocks(text, reading.wrong)]
    if not reading.cards and not reading.wrong:
        reading.wrong.append(Wrong(0, _("There is no vCard in this file.")))
    return reading


def _blocks(text: str, wrong: list[Wrong]) -> Iterator[list[_Property]]:
    """The properties of each vCard. What stands between them is nobody's."""
    inside: list[_Property] = []
    for line, words in _unfolded(text):
        found = _property(line, words)
        if found and found.name == "BEGIN":
            inside = [found]
        elif found and found.name == "END" and inside:
            yield inside
            inside = []
        elif found and inside:
            inside.append(found)
        elif inside:
            wrong.append(Wrong(line, _("“%(words)s” is no property of a vCard.") % {"words": words[:60]}))
    if inside:
        wrong.append(Wrong(inside[0].line, _("This vCard does not end: END:VCARD is missing.")))


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """The lines as they were before they were folded, each with the number of its first."""
    kept, begins = "", 0
    for number, line in enumerate(text.split("\n"), start=1):
        if line[:1] in (" ", "\t") and kept:
            kept += line[1:]
            continue
        if kept.endswith("=") and "QUOTED-PRINTABLE" in kept.upper():
            kept = kept[:-1] + line
            continue
        if kept.strip():
            yield begins, kept
        kept, begins = line, number
    if kept.strip():
        yield begins, kept


def _property(line: int, words: str) -> _Property | None:
    found = PROPERTY.fullmatch(words)
    if found is None:
        return None
    parameters: dict[str, list[str]] = {}
    for name, value in PARAMETER.findall(found["parameters"]):
        values = [one.strip('" ') for one in value.strip('"').split(",")] if value else []
        parameters.setdefault(name.upper(), []).extend(values)
    one = _Property(line, found["name"].upper(), found["value"], parameters)
    if "quoted-printable" in one.types:
        one.value = _from_quoted(one.value, (parameters.get("CHARSET") or ["utf-8"])[0])
    return one


def _from_quoted(value: str, charset: str) -> str:
    data = quopri.decodestring(value.encode("ascii", "ignore"))
    try:
        return data.decode(charset)
    except (LookupError, UnicodeDecodeError):
        return data.decode("utf-8", "replace")


def _unescape(value: str) -> str:
    return ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()


def _card(properties: Sequence[_Property], fields: Fields) -> Card:
    card = Card(properties[0].line)
    for one in properties:
        for name, value in _said(one, fields):
            if one.name.startswith(OWN) or name not in card.values:
                card.values[name] = value
    if not card.values.get("name"):
        card.values |= _name_of_parts(properties)
    card.channels = [found for one in sorted(properties, key=lambda one: one.place) if (found := _channel(one))]
    # Only a file of ours says everything about somebody: a telephone does not know their Slack.
    if "key" in card.values:
        card.replaces = ALL_KINDS
        card.values = {column: "" for name in fields.texts for column in (name, second(name))} | card.values
    return card


def _said(one: _Property, fields: Fields) -> Iterator[tuple[str, str]]:
    value = _unescape(one.value)
    name = TEXTS.get(one.name) or one.name.removeprefix(OWN).lower().replace("-", "_")
    is_known = one.name in TEXTS or one.name.startswith(OWN)
    if is_known and name in fields.names:
        yield second(name) if name in fields.texts and one.is_second_language else name, value
    elif one.name == "LANG" and "language" in fields.names and value[:2].lower() in LANGUAGES:
        yield "language", LANGUAGES[value[:2].lower()]
    elif one.name == "TZ" and "time_zone" in fields.names and ("/" in value or value == "UTC"):
        yield "time_zone", value
    elif one.name == "KIND" and "kind" in fields.names and value.lower() in CALLED:
        yield "kind", CALLED[value.lower()]


def _name_of_parts(properties: Iterable[_Property]) -> dict[str, str]:
    """Of N: family name, given name … in the order that the language of the name has."""
    for one in properties:
        if one.name == "N":
            family, given, *_others = [*map(_unescape, re.split(r"(?<!\\);", one.value)), "", ""]
            is_chinese = any("\u4e00" <= character <= "\u9fff" for character in family + given)
            name = family + given if is_chinese else f"{given} {family}".strip()
            return {"name": name} if name else {}
    return {}


def _channel(one: _Property) -> dict[str, str] | None:
    kind = CHANNELS.get(one.name)
    address = _unescape(one.value)
    if kind is None or not address or (kind == "phone" and one.types & NOT_FOR_VOICE):
        return None
    if address.lower().startswith(("tel:", "mailto:")):
        address = unquote(address.partition(":")[2]).partition(";")[0]
    return {"kind": kind, "address": address}
