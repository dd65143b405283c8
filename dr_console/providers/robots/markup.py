"""Text for vendors that read a kind of Markdown: what others wrote must neither call everybody nor lead anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dr_console.providers.capabilities.robot import RoomLink, RoomMessage

# A mention of everybody begins so with one vendor or the other. A space that nobody sees keeps it from being one.
MENTION = re.compile(r"@(?=(?:all|channel|here|everyone|所有人)\b)", re.IGNORECASE)
NOTHING = "\u200b"


def plain(text: str) -> str:
    """The text, with what would be a tag, a link, a picture or a mention of everybody made harmless."""
    text = text.replace("<", "＜").replace(">", "＞").replace("](", "] (")
    return MENTION.sub(f"@{NOTHING}", text)


def lines(message: RoomMessage, *, heading: str) -> str:
    """Title, text and facts, a paragraph each."""
    return "\n\n".join(_parts(message, heading))


def link(one: RoomLink) -> str:
    return f"[{one.text}]({one.url})"


def _parts(message: RoomMessage, heading: str) -> Iterator[str]:
    yield heading + plain(" ".join(message.title.split()))
    if message.text:
        yield plain(message.text)
    if message.facts:
        yield "\n\n".join(f"**{plain(name)}**: {plain(value)}" for name, value in message.facts)
