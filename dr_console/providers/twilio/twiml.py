"""What Twilio says and asks, as TwiML: https://www.twilio.com/docs/voice/twiml."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from dr_console.providers.capabilities.phone import Announcement

MOST_CHARACTERS = 4_000  # of TwiML given with the call
SECONDS_TO_PRESS = 8
LANGUAGES = {"en": "en-US", "zh-hans": "zh-CN"}


def twiml(announcement: Announcement) -> str:
    """Say it, wait for a key, and say it again. Text that is too long is cut, the question never."""
    rounds = max(1, announcement.times)
    empty = _twiml(announcement, "", rounds)
    room = (MOST_CHARACTERS - len(empty)) // rounds
    while room < 200 and rounds > 1:
        rounds -= 1
        room = (MOST_CHARACTERS - len(_twiml(announcement, "", rounds))) // rounds
    return _twiml(announcement, _cut(announcement.text, max(0, room)), rounds)


def reply(said: str, language: str = "en", *, again: Announcement | None = None) -> str:
    """The answer to a pressed key: say it and hang up, or ask `again` what was asked before, without the long text."""
    words = _say(said, LANGUAGES.get(language, language or "en-US"))
    if again is None:
        return f"<Response>{words}<Hangup/></Response>"
    asked = twiml(Announcement(again.question, "", again.language, again.keys_url))
    return asked.replace("<Response>", f"<Response>{words}", 1)


def _twiml(announcement: Announcement, text: str, rounds: int) -> str:
    language = LANGUAGES.get(announcement.language, announcement.language)
    said = _say(text, language)
    if not announcement.keys_url:
        return f"<Response>{(said + '<Pause/>') * rounds}</Response>"
    asked = _say(announcement.question, language) if announcement.question else ""
    gather = (
        f'<Gather numDigits="1" input="dtmf" timeout="{SECONDS_TO_PRESS}" method="POST" '
        f"action={quoteattr(announcement.keys_url)}>{said}{asked}</Gather>"
    )
    return f"<Response>{gather * rounds}</Response>"


def _say(text: str, language: str) -> str:
    return f'<Say language="{language}">{escape(text)}</Say>'


def _cut(text: str, most: int) -> str:
    """So much of it that it fits once it is escaped."""
    while len(escape(text)) > most:
        text = text[: len(text) - max(1, len(escape(text)) - most + 1)].rstrip() + "…" if len(text) > 1 else ""
    return text
