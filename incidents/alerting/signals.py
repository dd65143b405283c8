"""What a message says of alerts, whoever sent it, and what may be read out of it safely."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext_noop as _

from dr_console.web.sentences import Sentence, sentence

LONGEST_TITLE, LONGEST_TEXT, LONGEST_LINK, LONGEST_LABEL, LONGEST_FINGERPRINT = 200, 4000, 1000, 500, 200
MOST_LABELS = 64
# What is further ahead is no moment, but a clock that is wrong.
AHEAD = timedelta(minutes=1)
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_FRACTION = re.compile(r"(\.\d{6})\d+")


class Unreadable(Exception):
    """The message cannot be understood. `said`: a sentence, what is wrong and where."""

    def __init__(self, text: str, **names: Any) -> None:
        super().__init__(text)
        self.said: Sentence = sentence(text, **names)


@dataclass(frozen=True)
class Signal:
    """One alert in a message. How bad it is, its labels say.

    `said_at`: when the source said so, where it tells: of two the later is believed, in whatever order they come.
    `said`: the title as a sentence, where it is the console itself that says so.
    """

    fingerprint: str
    is_firing: bool
    title: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    said_at: datetime | None = None
    text: str = ""
    link: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    said: Sentence = field(default_factory=dict)


@dataclass(frozen=True)
class Acknowledged:
    """Somebody took it on at the sender's. `page`: the key under which we ourselves had asked for that page, if so."""

    fingerprint: str
    who: str
    page: str = ""


@dataclass(frozen=True)
class Reading:
    """A whole message. `event_id`: the sender's number for it, where it gives one. `page` as in Acknowledged."""

    signals: tuple[Signal, ...] = ()
    event_id: str = ""
    acknowledged: Acknowledged | None = None
    is_own_page: bool = False
    left_out: int = 0


def parsed(body: bytes) -> dict[str, Any]:
    """The message as a JSON object. Raises Unreadable."""
    try:
        found = json.loads(body)
    except UnicodeDecodeError:
        raise Unreadable(_("The body is not UTF-8.")) from None
    except RecursionError:
        raise Unreadable(_("The body is nested too deeply.")) from None
    except json.JSONDecodeError as error:
        text = _("The body is no JSON: %(problem)s (line %(line)s, column %(column)s).")
        raise Unreadable(text, problem=error.msg, line=error.lineno, column=error.colno) from None
    except ValueError:  # a number of thousands of digits
        raise Unreadable(_("There is a number in the body that is too long.")) from None
    if not isinstance(found, dict):
        raise Unreadable(_("The body must be a JSON object."))
    return found


def text_of(value: Any, longest: int, *, one_line: bool = True) -> str:
    """A scalar as text that every database can keep; empty for anything else."""
    if isinstance(value, bool):
        value = "true" if value else "false"
    if not isinstance(value, str | int | float):
        return ""
    text = _UNSTORABLE.sub("�", str(value))
    return (" ".join(text.split()) if one_line else text.strip())[:longest]


def link_of(value: Any) -> str:
    """An address that a person may follow; empty for anything else."""
    text = text_of(value, LONGEST_LINK + 1)
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.netloc and len(text) <= LONGEST_LINK else ""


def labels_of(value: Any) -> dict[str, str]:
    """Names and values; what is no text becomes text, what is nested is left out."""
    if not isinstance(value, Mapping):
        return {}
    pairs = ((text_of(name, 100), text_of(content, LONGEST_LABEL)) for name, content in value.items())
    return dict([(name, content) for name, content in pairs if name and content][:MOST_LABELS])


def moment_of(value: Any) -> datetime | None:
    """A point in time as RFC 3339 has it, or in seconds since 1970; None for none, and for the year 1 of Go."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_seconds(value)
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", value.strip()))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC) if moment.year >= 1970 else None
    except (ValueError, OverflowError):
        return None


def _from_seconds(value: float) -> datetime | None:
    try:
        # More than any second there will be: milliseconds.
        return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC) if value > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def fingerprint_of(value: Any, labels: Mapping[str, str]) -> str:
    """As the source calls it, else made of the labels: the same labels are the same alert."""
    given = text_of(value, LONGEST_FINGERPRINT + 1)
    if given and len(given) <= LONGEST_FINGERPRINT:
        return given
    told = given or json.dumps(sorted(labels.items()), ensure_ascii=False)
    return hashlib.sha256(told.encode()).hexdigest()[:32]
