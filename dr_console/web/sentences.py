"""Sentences that are kept as facts, and put into the reader's language only when they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from django.utils.translation import get_language, gettext

# {"text": English marked by gettext_noop, "names": what is filled in}. JSON, so that it can be stored.
Sentence: TypeAlias = dict[str, Any]
# What a person wrote in each language: {"en": …, "zh-hans": …}. JSON too.
Texts: TypeAlias = dict[str, str]


def sentence(text: str, **names: Any) -> Sentence:
    """A sentence to keep. `text`: English marked by gettext_noop, with %(name)s where `names` are filled in.

    A name's value is a JSON value, Texts, or a Sentence itself, and is put into the reader's language likewise.
    """
    return {"text": text, "names": names}


def spoken(kept: Mapping[str, Any] | None) -> str:
    """The sentence in the language of the moment; empty for none. A name that is missing is left out."""
    if not kept or not kept.get("text"):
        return ""
    names = _Names({name: _value(value) for name, value in kept.get("names", {}).items()})
    return gettext(kept["text"]) % names


def in_language(texts: Mapping[str, str] | str | None) -> str:
    """What is written in the language of the moment, else in English, else in any."""
    if texts is None or isinstance(texts, str):
        return texts or ""
    return texts.get(get_language() or "") or texts.get("en") or next(iter(texts.values()), "")


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return spoken(value) if "text" in value else in_language(value)
    return str(value)


class _Names(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return ""
