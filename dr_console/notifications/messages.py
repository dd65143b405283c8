"""What is said, before it is known to whom and in which language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from dr_console.web.sentences import Sentence, in_language, spoken

Words = Sentence | str  # a sentence to be put into a language, or what a person or a vendor wrote


@dataclass(frozen=True)
class Message:
    """`subject` alone must say what matters: it is what a lock screen shows and what a telephone says first.

    `facts`: names and values, shown below the body. `url`: the page about it, on this console or elsewhere.
    """

    subject: Words
    body: Words = ""
    facts: tuple[tuple[Words, Words], ...] = ()
    url: str = ""
    url_text: Words = ""


@dataclass(frozen=True)
class Written:
    """A message in one language. `subject` begins with the marks that tell it from a real one, if it is not."""

    subject: str
    body: str
    facts: list[list[str]] = field(default_factory=list)
    url: str = ""
    url_text: str = ""

    @property
    def extra(self) -> dict[str, Any]:
        """What beside subject and body is kept with the delivery."""
        return {"facts": self.facts, "url": self.url, "url_text": self.url_text}


def written(message: Message, *, language: str, is_practice: bool) -> Written:
    """The message in a language, marked as a drill and as the sandbox's where it is."""
    with translation.override(language):
        return Written(
            subject=" ".join([*marks(is_practice), said(message.subject)]),
            body=said(message.body),
            facts=[[said(name), said(value)] for name, value in message.facts],
            url=message.url,
            url_text=said(message.url_text),
        )


def said(words: Words | Mapping[str, str]) -> str:
    """In the language of the moment."""
    if isinstance(words, str):
        return words
    return spoken(words) if "text" in words else in_language(words)


def marks(is_practice: bool) -> list[str]:
    """What every subject begins with, in the language of the moment."""
    drill = [_("[DRILL]")] if is_practice else []
    return [*drill, _("[SANDBOX]")] if settings.DR_MODE == "sandbox" else drill
