"""chat.*, reactions.* and pins.*: https://docs.slack.dev/reference/methods."""

from __future__ import annotations

from typing import Any

from dr_console.sandbox.rates import Bucket
from dr_console.sandbox.slack.calls import Answer, Given, No, Throttled
from dr_console.sandbox.slack.workspace import BOT_USER, Channel, Message, Workspace

MOST_TEXT = 40_000
MOST_BLOCKS = 50
BLOCKS = {
    "actions", "alert", "call", "card", "carousel", "contact_card", "context", "context_actions", "divider", "file",
    "header", "image", "input", "markdown", "rich_text", "section", "share_shortcut", "table", "task_card", "plan",
    "video",
}  # fmt: skip


class Chat:
    """One message a second in each channel. Slack lets short bursts pass and promises none: here, one a thread."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace, self.world = workspace, workspace.world
        self._posted = Bucket(workspace.world.clock, 1.0, 1)

    def post(self, given: Given) -> Answer:
        channel = self.channel(given)
        self.may_write(channel)
        message = self._message(given)
        if message.thread and message.thread not in channel.messages:
            raise No("thread_not_found")
        self.take(channel, message.thread)
        self.workspace.post(channel, message)
        key = (message.metadata or {}).get("event_payload", {}).get("key", "")
        self.world.truth.effect("slack", "chat.postMessage", channel.id, key=key, ts=message.ts)
        shown = self.workspace.shown(channel, message, metadata=True)
        return {"channel": channel.id, "ts": message.ts, "message": shown}

    def ephemeral(self, given: Given) -> Answer:
        channel, user = self.channel(given), given.needed("user")
        if user not in channel.members:
            raise No("user_not_in_channel")
        message = self._message(given)
        self.world.outbox.add("slack", user, message.text, "ephemeral", channel_id=channel.id)
        return {"message_ts": message.ts}

    def update(self, given: Given) -> Answer:
        channel, message = self._asked(given)
        if not message.by_bot:
            raise No("cant_update_message")
        wanted = self._message(given, updating=message)
        message.text, message.edited = wanted.text, self.workspace.new_ts()
        if "blocks" in given:
            message.blocks = wanted.blocks
        if "attachments" in given:
            message.attachments = wanted.attachments
        message.metadata = wanted.metadata or message.metadata
        if message.arrived:
            message.arrived.text, message.arrived.state = message.text, "edited"
            message.arrived.detail["blocks"] = message.blocks
        self.world.truth.effect("slack", "chat.update", channel.id, ts=message.ts)
        shown = self.workspace.shown(channel, message)
        return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}

    def delete(self, given: Given) -> Answer:
        channel, message = self._asked(given)
        del channel.messages[message.ts]
        if message.arrived:
            message.arrived.state = "deleted"
        self.world.truth.effect("slack", "chat.delete", channel.id, ts=message.ts)
        return {"channel": channel.id, "ts": message.ts}

    def permalink(self, given: Given) -> Answer:
        channel, message = self._asked(given, "message_ts")
        link = f"https://gemini.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
        return {"channel": channel.id, "permalink": link}

    def add_reaction(self, given: Given) -> Answer:
        _channel, message = self._asked(given, "timestamp")
        users = message.reactions.setdefault(given.needed("name"), [])
        if BOT_USER in users:
            raise No("already_reacted")
        users.append(BOT_USER)
        return {}

    def remove_reaction(self, given: Given) -> Answer:
        _channel, message = self._asked(given, "timestamp")
        if BOT_USER not in message.reactions.get(given.needed("name"), []):
            raise No("no_reaction")
        message.reactions.pop(given.needed("name"))
        return {}

    def reactions(self, given: Given) -> Answer:
        channel, message = self._asked(given, "timestamp")
        return {"type": "message", "channel": channel.id, "message": self.workspace.shown(channel, message)}

    def pin(self, given: Given) -> Answer:
        _channel, message = self._asked(given, "timestamp")
        if message.pinned:
            raise No("already_pinned")
        message.pinned = True
        return {}

    def unpin(self, given: Given) -> Answer:
        _channel, message = self._asked(given, "timestamp")
        if not message.pinned:
            raise No("no_pin")
        message.pinned = False
        return {}

    def pins(self, given: Given) -> Answer:
        channel = self.channel(given)
        items = [
            {"type": "message", "channel": channel.id, "message": self.workspace.shown(channel, one)}
            for one in channel.messages.values()
            if one.pinned
        ]
        return {"items": items}

    def channel(self, given: Given) -> Channel:
        named = given.text("channel")
        channel = self.workspace.channel(named) if named else None
        if channel is None:
            raise No("channel_not_found")
        return channel

    def may_write(self, channel: Channel) -> None:
        if channel.archived:
            raise No("is_archived")
        if channel.private and BOT_USER not in channel.members:
            raise No("not_in_channel")

    def take(self, channel: Channel, thread: str) -> None:
        taken = self._posted.take(f"{channel.id} {thread}")
        if not taken.allowed:
            raise Throttled(taken.reset)

    def _asked(self, given: Given, name: str = "ts") -> tuple[Channel, Message]:
        channel = self.channel(given)
        message = channel.messages.get(given.needed(name))
        if message is None:
            raise No("message_not_found")
        return channel, message

    def _message(self, given: Given, updating: Message | None = None) -> Message:
        text, thread = given.text("text"), given.text("thread_ts")
        blocks, attachments, metadata = parts(given)
        if not text and not blocks and not attachments and not (updating and "metadata" in given):
            raise No("no_text")
        if len(text) > MOST_TEXT:
            raise No("msg_too_long")
        ts = updating.ts if updating else self.workspace.new_ts()
        return Message(
            ts, text or (updating.text if updating else ""), BOT_USER, thread, blocks, attachments, metadata,
            client_msg_id=given.text("client_msg_id"),
        )  # fmt: skip


def parts(given: Given) -> tuple[list[Any], list[Any], dict[str, Any] | None]:
    """Blocks, attachments and metadata of a message, checked as far as Slack's clients are likely to get them wrong."""
    blocks = given.json("blocks", list, "invalid_blocks_format") or []
    problems = [problem for number, block in enumerate(blocks) if (problem := _block_problem(number, block))]
    if len(blocks) > MOST_BLOCKS:
        problems = ["no more than 50 items allowed [json-pointer:/blocks]"]
    if problems:
        messages = [f"[ERROR] {problem}" for problem in problems]
        raise No("invalid_blocks", errors=problems, response_metadata={"messages": messages})
    attachments = given.json("attachments", list, "invalid_attachments") or []
    metadata = given.json("metadata", dict, "invalid_metadata_format")
    if metadata and not (metadata.get("event_type") and isinstance(metadata.get("event_payload"), dict)):
        raise No("invalid_metadata_schema")
    return [_with_id(number, block) for number, block in enumerate(blocks)], attachments, metadata


def _with_id(number: int, block: dict[str, Any]) -> dict[str, Any]:
    """A block without an id is given one; a press of its buttons names it."""
    return {"block_id": f"b{number}", **block}


def _block_problem(number: int, block: Any) -> str:
    at = f"[json-pointer:/blocks/{number}"
    kind = block.get("type") if isinstance(block, dict) else block
    if not isinstance(kind, str) or kind not in BLOCKS or not isinstance(block, dict):
        return f"unsupported type: {kind} {at}/type]"
    if kind == "header" and not 0 < _length(block.get("text")) <= 150:
        return f"must be more than 0 and less than 151 characters {at}/text/text]"
    if kind == "section" and not block.get("text") and not block.get("fields"):
        return f"missing required field: text or fields {at}]"
    if kind == "section" and block.get("text") and not 0 < _length(block["text"]) <= 3000:
        return f"must be more than 0 and less than 3001 characters {at}/text/text]"
    return _elements_problem(block, at)


def _elements_problem(block: dict[str, Any], at: str) -> str:
    fields, elements = block.get("fields") or [], block.get("elements") or []
    if not isinstance(fields, list) or len(fields) > 10:
        return f"no more than 10 items allowed {at}/fields]"
    if not isinstance(elements, list) or (block["type"] == "actions" and not 0 < len(elements) <= 25):
        return f"must have from 1 to 25 items {at}/elements]"
    for number, element in enumerate(elements if block["type"] == "actions" else ()):
        if not isinstance(element, dict) or not isinstance(element.get("type"), str):
            return f"missing required field: type {at}/elements/{number}]"
        if element["type"] == "button" and not 0 < _length(element.get("text")) <= 75:
            return f"must be more than 0 and less than 76 characters {at}/elements/{number}/text/text]"
    ids = [str(one["action_id"]) for one in elements if isinstance(one, dict) and one.get("action_id")]
    return f"`action_id` must be unique {at}/elements]" if len(ids) != len(set(ids)) else ""


def _length(text: Any) -> int:
    """Of a text object; 0 for what is none."""
    found = text.get("text") if isinstance(text, dict) else None
    return len(found) if isinstance(found, str) else 0
