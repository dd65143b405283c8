"""A message as Slack lays it out, within Slack's limits: https://docs.slack.dev/reference/block-kit/blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dr_console.providers.capabilities.chat import Button, ChatMessage

TEXT_CHARACTERS = 4_000
HEADING_CHARACTERS = 150
PARAGRAPH_CHARACTERS = 3_000
FACT_CHARACTERS = 2_000
FACTS_A_BLOCK = 10
BUTTONS_A_BLOCK = 25
BUTTON_CHARACTERS = 75
ACTION_CHARACTERS = 255
VALUE_CHARACTERS = 2_000
MOST_BLOCKS = 50
ELLIPSIS = "…"


def escape(text: str) -> str:
    """Text that is not ours: without it, "<!channel>" in an alert would call everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def body_of(message: ChatMessage) -> dict[str, Any]:
    """`text` and, where there is more than that, `blocks`."""
    body: dict[str, Any] = {"text": _cut(message.text, TEXT_CHARACTERS)}
    blocks = list(_blocks(message))
    return body | {"blocks": blocks[:MOST_BLOCKS]} if blocks else body


def _blocks(message: ChatMessage) -> Iterator[dict[str, Any]]:
    if message.heading:
        yield {"type": "header", "text": _plain(message.heading, HEADING_CHARACTERS)}
    for paragraph in message.paragraphs:
        yield {"type": "section", "text": _marked(paragraph, PARAGRAPH_CHARACTERS)}
    for facts in _in_tens(list(message.facts), FACTS_A_BLOCK):
        yield {"type": "section", "fields": [_marked(f"*{name}*\n{value}", FACT_CHARACTERS) for name, value in facts]}
    if message.buttons:
        if not (message.heading or message.paragraphs or message.facts):
            # Slack shows `text` only where there are no blocks.
            yield {"type": "section", "text": _marked(message.text, PARAGRAPH_CHARACTERS)}
        yield {"type": "actions", "elements": [_button(one) for one in list(message.buttons)[:BUTTONS_A_BLOCK]]}


def _in_tens(things: list[Any], most: int) -> Iterator[list[Any]]:
    for start in range(0, len(things), most):
        yield things[start : start + most]


def _button(button: Button) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "type": "button",
        "text": _plain(button.text, BUTTON_CHARACTERS),
        "action_id": button.action[:ACTION_CHARACTERS],
    }
    optional = {"value": button.value[:VALUE_CHARACTERS], "style": button.style, "url": button.url}
    return shown | {name: value for name, value in optional.items() if value}


def _plain(text: str, most: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": _cut(text, most), "emoji": True}


def _marked(text: str, most: int) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": _cut(text, most)}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - len(ELLIPSIS)] + ELLIPSIS
