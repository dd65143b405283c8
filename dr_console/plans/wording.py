"""What pydantic complains about, in the words of the people who write plans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from pydantic_core import ErrorDetails

from dr_console.plans.problems import Path, nearest
from dr_console.plans.schema import PlanPart, Translated
from dr_console.plans.shapes import shapes


def expectation(details: ErrorDetails, path: Path, part: type[PlanPart]) -> str:
    """The end of the sentence “expected …”. `path` begins with the section, whose entries are of the type `part`."""
    context: dict[str, Any] = details.get("ctx", {})
    if details["type"] == "plan":
        return str(context["expected"])
    if details["type"] == "missing":
        return _missing(path)
    if details["type"] == "extra_forbidden":
        return nearest(str(path[-1]), _fields_around(path, part))
    if details["type"] in ("model_type", "model_attributes_type"):
        return _("a mapping with %s") % ", ".join(_fields_around((*path, ""), part))
    if details["type"] in WORDS:
        return WORDS[details["type"]](context)
    return str(details["msg"])


def _missing(path: Path) -> str:
    if path[-1] == "zh-hans":
        return _("the text in Simplified Chinese")
    if path[-1] == "en":
        return _("the text in English")
    return _("a value")


def _fields_around(path: Path, part: type[PlanPart]) -> list[str]:
    """Names of the fields that the mapping around the last step of the path may have."""
    around: Any = part
    for step in path[1:-1]:
        if isinstance(step, str) and issubclass(around, PlanPart):
            shape = next(shape for shape in shapes(around) if shape.name == step)
            around = shape.part or shape.type
    if issubclass(around, Translated):
        return ["en", "zh-hans"]
    return [shape.name for shape in shapes(around)]


def _one_of(context: dict[str, Any]) -> str:
    return _("one of: %s") % str(context["expected"]).replace("'", "").replace(" or ", ", ")


def _characters(context: dict[str, Any]) -> str:
    most = context["max_length"]
    return ngettext("at most %(most)d character", "at most %(most)d characters", most) % {"most": most}


def _entries(context: dict[str, Any]) -> str:
    least = context["min_length"]
    return ngettext("at least %(least)d entry", "at least %(least)d entries", least) % {"least": least}


WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "string_type": lambda context: _("a text (in quotes where it looks like a number, a date, true or null)"),
    "string_unicode": lambda context: _("text without broken characters"),
    "string_too_short": lambda context: _("a text that is not empty"),
    "string_too_long": _characters,
    "int_type": lambda context: _("a whole number"),
    "int_from_float": lambda context: _("a whole number"),
    "float_type": lambda context: _("a number"),
    "finite_number": lambda context: _("a number"),
    "bool_type": lambda context: _("true or false"),
    "list_type": lambda context: _("a list"),
    "dict_type": lambda context: _("a mapping"),
    "too_short": _entries,
    "enum": _one_of,
    "greater_than": lambda context: _("a number over %(least)s") % {"least": _plain(context["gt"])},
    "greater_than_equal": lambda context: _("a number of at least %(least)s") % {"least": _plain(context["ge"])},
    "less_than_equal": lambda context: _("a number of at most %(most)s") % {"most": _plain(context["le"])},
}


def _plain(number: float) -> str:
    return f"{number:.15g}"
