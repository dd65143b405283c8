"""TwiML as far as a page needs it: https://www.twilio.com/docs/voice/twiml."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree

CHARACTERS_A_SECOND = 15.0
MOST_CHARACTERS = 64 * 1024


class WrongTwiml(Exception):
    """Twilio's error 12100: document parse failure."""


@dataclass(frozen=True)
class Verb:
    """One instruction. `seconds`: how long saying it takes, with all that is inside."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    inside: Sequence[Verb] = ()

    @property
    def seconds(self) -> float:
        own = 0.0
        if self.name == "Say":
            own = len(self.text) / CHARACTERS_A_SECOND * _loops(self.attributes)
        elif self.name == "Pause":
            own = number(self.attributes.get("length", ""), 1.0)
        elif self.name == "Play":
            own = 5.0
        return own + sum(verb.seconds for verb in self.inside)

    def words(self) -> str:
        return " ".join(part for part in (self.text, *(verb.words() for verb in self.inside)) if part)


def read(document: str) -> list[Verb]:
    """The verbs of a document. Raises WrongTwiml."""
    # Entities could be made to grow without end, and TwiML has none.
    if len(document) > MOST_CHARACTERS or re.search(r"<!(?:DOCTYPE|ENTITY)", document, re.IGNORECASE):
        raise WrongTwiml("Document parse failure")
    try:
        root = ElementTree.fromstring(document.strip())
    except ElementTree.ParseError as error:
        raise WrongTwiml(f"Document parse failure: {error}") from None
    if root.tag != "Response":
        raise WrongTwiml("The root element must be Response")
    return [_verb(element) for element in root]


def _verb(element: ElementTree.Element) -> Verb:
    text = " ".join("".join(element.itertext()).split()) if element.tag == "Say" else (element.text or "").strip()
    inside = [] if element.tag == "Say" else [_verb(one) for one in element]
    return Verb(element.tag, dict(element.attrib), text, inside)


def number(text: str, default: float) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return default


def _loops(attributes: dict[str, str]) -> float:
    return max(1.0, number(attributes.get("loop", ""), 1.0))
