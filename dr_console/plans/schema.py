"""What every part of a plan file is made of: the base model, and the kinds of value that its fields have."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    Strict,
    StringConstraints,
    WithJsonSchema,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

LANGUAGES = {"en": "en", "zh_hans": "zh-hans"}


def wrong(expected: str) -> PydanticCustomError:
    """What a validator raises: the sentence says "expected …, found …", and pydantic knows what was found."""
    return PydanticCustomError("plan", "{expected}", {"expected": expected})


class PlanPart(BaseModel):
    """A mapping in the plan file. Each field carries a title for forms and a description for the documentation."""

    # Built when first used: most processes only show the plan, and start 50 ms sooner without.
    model_config = ConfigDict(extra="forbid", frozen=True, use_enum_values=True, defer_build=True)


def said(title: str, description: str, **rules: Any) -> Any:
    """A field with its title and description, both marked for translation with gettext_noop."""
    return Field(title=title, description=description, **rules)


@dataclass(frozen=True)
class RefersTo:
    """Marks a key of another section. With several sections, the key is written with its prefix: `contact:cto`."""

    sections: Mapping[str, str] = field(hash=False)


def refers_to(section: str) -> RefersTo:
    return RefersTo({"": section})


# --- Plain values -------------------------------------------------------------------------------
KEY = r"[a-z0-9]+(-[a-z0-9]+)*"
STEP_NAME = r"[a-z][a-z0-9]*(_[a-z0-9]+)*\.[a-z][a-z0-9]*(_[a-z0-9]+)*"
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"


@dataclass(frozen=True)
class Called:
    """What the documentation calls a kind of value."""

    name: str


def _matching(pattern: str, longest: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$", "maxLength": longest})


def _printable(text: str) -> str:
    if any(unicodedata.category(character) in ("Cc", "Cs") and character != "\n" for character in text):
        raise wrong(_("text without control characters"))
    return text


def _one_line(text: str) -> str:
    if any(character in text for character in "\n\r\x85\u2028\u2029"):
        raise wrong(_("a single line"))
    return _printable(text)


def _lines_as_here(value: Any) -> Any:
    """Browsers send the ends of lines as two characters."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def _key(text: str) -> str:
    if not re.fullmatch(KEY, text):
        raise wrong(_("a key of small letters, digits and single hyphens, such as tech-lead"))
    return text


def _step_name(text: str) -> str:
    if not re.fullmatch(STEP_NAME, text):
        raise wrong(_("the name of a step function, such as failover.point_dns"))
    return text


def _clock(text: str) -> str:
    if not re.fullmatch(CLOCK, text):
        raise wrong(_("a time of day from 00:00 to 23:59"))
    return text


def time_zone(text: str) -> str:
    try:
        if "/" not in text and text != "UTC":
            raise ValueError(text)
        ZoneInfo(text)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise wrong(_("the name of a time zone, such as Asia/Shanghai or UTC")) from None
    return text


def _day(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    if not isinstance(value, date) or isinstance(value, datetime) or value.year < 1970:
        raise wrong(_("a date such as 2025-01-31"))
    return value


HOST_NAME = re.compile(r"(?=.{1,253}$)(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


def _host(text: str) -> str:
    if not HOST_NAME.fullmatch(text):
        raise wrong(_("a host name in small letters, such as api.example.com"))
    return text


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and HOST_NAME.fullmatch(parts.hostname or "") and parts.port != 0
    except ValueError:
        good = False
    if not good or re.search(r"[\s\\<>\"]", text) or "@" in parts.netloc:
        raise wrong(_("an address that begins with https:// or http://, without a password"))
    return text


def email(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError:
        raise wrong(_("an e-mail address, such as ada@example.com")) from None
    return text


def phone(text: str) -> str:
    if not re.fullmatch(r"\+[0-9][0-9 ()-]*[0-9]", text) or not 7 <= len(re.sub(r"\D", "", text)) <= 15:
        raise wrong(_("a telephone number with its country code, such as +1-555-0100"))
    return text


def in_one_order(value: Any) -> Any:
    """Free-form values in one order, for PostgreSQL's JSON forgets in which order it was given keys."""
    if isinstance(value, dict):
        return {key: in_one_order(value[key]) for key in sorted(value)}
    return [in_one_order(item) for item in value] if isinstance(value, list) else value


def _parameters(value: dict[str, Any]) -> dict[str, Any]:
    for key, item in value.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", key):
            raise wrong(_("names of small letters, digits and underscores"))
        _plain(item)
    return {key: in_one_order(value[key]) for key in sorted(value)}


def _plain(value: Any) -> None:
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list):
        for item in value:
            _plain(item)
    elif isinstance(value, str):
        _printable(value)
    elif isinstance(value, float) and not abs(value) <= 1e15:
        raise wrong(_("numbers up to 10 to the power of 15"))
    elif isinstance(value, int) and not -(2**53) < value < 2**53:
        raise wrong(_("whole numbers of at most 53 bits"))
    elif value is not None and not isinstance(value, (bool, int, float)):
        raise wrong(_("texts, numbers, true, false, lists and mappings"))


def _no_doubles(values: list[Any]) -> list[Any]:
    doubled = [value for value, times in Counter(values).items() if times > 1]
    if doubled:
        raise wrong(_("each value only once, and “%(value)s” is there twice") % {"value": doubled[0]})
    return values


def _stripped(longest: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest)


def _whole_when_it_is(value: float) -> float | int:
    return int(value) if value.is_integer() else value


Line = Annotated[str, _stripped(200), AfterValidator(_one_line), Called("one line")]
Lines = Annotated[
    str, BeforeValidator(_lines_as_here), _stripped(4000), AfterValidator(_printable), Called("several lines")
]
Key = Annotated[
    str,
    StringConstraints(max_length=60),
    AfterValidator(_key),
    _matching(KEY, 60),
    Called("key: small letters, digits, -"),
]
StepName = Annotated[
    str,
    StringConstraints(max_length=100),
    AfterValidator(_step_name),
    _matching(STEP_NAME, 100),
    Called("name of a step function"),
]
Clock = Annotated[str, AfterValidator(_clock), _matching(CLOCK, 5), Called('time of day, in quotes: "09:00"')]
ZoneName = Annotated[str, StringConstraints(max_length=60), AfterValidator(time_zone), Called("IANA time zone")]
Day = Annotated[date, BeforeValidator(_day), Called("date: 2025-01-31")]
HostName = Annotated[str, StringConstraints(max_length=253), AfterValidator(_host), Called("host name")]
WebAddress = Annotated[
    str, StringConstraints(max_length=500), AfterValidator(_url), Called("address with https:// or http://")
]
Flag = Annotated[bool, Strict(), Called("true or false")]
Number = Annotated[
    float,
    Strict(),
    Field(allow_inf_nan=False, ge=0, le=1e9),
    PlainSerializer(_whole_when_it_is, return_type=float | int),
    Called("number"),
]
Whole = Annotated[int, Strict(), Called("whole number")]
Count = Annotated[Whole, Field(ge=1, le=100)]
Seconds = Annotated[Whole, Field(ge=1, le=366 * 24 * 3600)]
Minutes = Annotated[Whole, Field(ge=1, le=366 * 24 * 60)]
Days = Annotated[Whole, Field(ge=1, le=100 * 366)]
NoDoubles = AfterValidator(_no_doubles)
Parameters = Annotated[dict[str, Any], AfterValidator(_parameters), Called("mapping of names to anything")]


# --- Texts in every language --------------------------------------------------------------------
class Translated(BaseModel):
    """What people read. Where it is the same in every language, the file has one plain string."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _same_in_every_language(cls, given: Any) -> Any:
        if isinstance(given, str):
            return dict.fromkeys(LANGUAGES.values(), given)
        if not isinstance(given, (dict, Translated)):
            raise wrong(_("a text, or one for each language: {en: …, zh-hans: …}"))
        return given

    @model_serializer
    def _shortest(self) -> str | dict[str, str]:
        texts = {written: str(getattr(self, name)) for name, written in LANGUAGES.items()}
        return texts["en"] if len(set(texts.values())) == 1 else texts

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        longest = {"type": "string", "minLength": 1, "maxLength": cls.longest()}
        both = {
            "type": "object",
            "properties": dict.fromkeys(LANGUAGES.values(), longest),
            "required": list(LANGUAGES.values()),
            "additionalProperties": False,
        }
        return {"anyOf": [longest, both], "description": cls.__doc__}

    @classmethod
    def longest(cls) -> int:
        return 200


class Text(Translated):
    """A line in every language, or one string where it is the same in all of them."""

    en: Line
    zh_hans: Line = Field(alias="zh-hans")


class Prose(Translated):
    """A text of several lines in every language, or one string where it is the same in all of them."""

    en: Lines
    zh_hans: Lines = Field(alias="zh-hans")

    @classmethod
    def longest(cls) -> int:
        return 4000
