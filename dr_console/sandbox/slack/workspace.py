"""The pretend workspace: people, channels, and messages in threads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dr_console.sandbox.outbox import Message as Arrived
from dr_console.sandbox.world import World

TEAM, APP, BOT, BOT_USER = "T0SANDBOX", "A0CONSOLE", "B0CONSOLE", "U0CONSOLE"
SCOPES = (
    "chat:write,chat:write.public,channels:read,channels:history,channels:manage,groups:read,groups:history,"
    "reactions:write,pins:write,users:read,users:read.email,commands"
)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass
class Person:
    id: str
    name: str
    real_name: str
    email: str = ""
    is_bot: bool = False


PEOPLE = (
    Person("U0ONCALL", "oncall", "On-call engineer", "oncall@example.com"),
    Person("U0TECHLEAD", "technical-lead", "Technical lead", "technical-lead@example.com"),
    Person("U0CTO", "cto", "CTO", "cto@example.com"),
    Person(BOT_USER, "drconsole", "DR Console", is_bot=True),
)


@dataclass
class Message:
    """`thread`: ts of the message that began it, or ""."""

    ts: str
    text: str
    user: str
    thread: str = ""
    blocks: list[Any] = field(default_factory=list)
    attachments: list[Any] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    edited: str = ""
    reactions: dict[str, list[str]] = field(default_factory=dict)
    pinned: bool = False
    by_bot: bool = True
    client_msg_id: str = ""
    arrived: Arrived | None = None


@dataclass
class Channel:
    id: str
    name: str
    created: int
    members: list[str]
    archived: bool = False
    private: bool = False
    topic: str = ""
    purpose: str = ""
    messages: dict[str, Message] = field(default_factory=dict)

    def thread_of(self, ts: str) -> list[Message]:
        return [one for one in self.messages.values() if one.thread == ts and one.ts != ts]


class Workspace:
    def __init__(self, world: World) -> None:
        self.world = world
        self.people = {person.id: person for person in PEOPLE}
        born = int(world.clock.now()) - 86_400
        everyone = [person.id for person in PEOPLE]
        channels = (
            Channel("C0INCIDENTS", "incidents", born, everyone),
            Channel("C0GENERAL", "general", born, everyone),
            Channel("C0DEVTEAM", "dev-team", born, everyone[1:3]),
            Channel("C0OLD", "old-incidents", born, everyone, archived=True),
        )
        self.channels = {channel.id: channel for channel in channels}
        self._last_ts = 0.0

    def new_id(self, prefix: str) -> str:
        return prefix + "".join(self.world.random.choices(ALPHABET, k=10))

    def new_ts(self) -> str:
        """The moment in microseconds, and never the same twice."""
        self._last_ts = max(self.world.clock.now(), self._last_ts + 0.000_100)
        return f"{self._last_ts:.6f}"

    def channel(self, named: str) -> Channel | None:
        """By id, by #name or name, or a person's id for a direct message."""
        name = named.removeprefix("#")
        found = self.channels.get(named) or next((one for one in self.channels.values() if one.name == name), None)
        if found is None and named in self.people:
            return self.direct(named)
        return found

    def direct(self, person: str) -> Channel:
        id = "D" + person[1:]
        born = int(self.world.clock.now())
        return self.channels.setdefault(id, Channel(id, person, born, [person, BOT_USER], private=True))

    def post(self, channel: Channel, message: Message) -> Message:
        channel.messages[message.ts] = message
        if message.by_bot:
            message.arrived = self.world.outbox.add(
                "slack", f"#{channel.name}", message.text, "posted", channel_id=channel.id, ts=message.ts,
                thread=message.thread, blocks=message.blocks,
            )  # fmt: skip
        return message

    def shown(self, channel: Channel, message: Message, *, metadata: bool = False) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "message", "user": message.user, "text": message.text, "ts": message.ts}
        found["team"] = TEAM
        if message.by_bot:
            found |= {"bot_id": BOT, "app_id": APP, "bot_profile": bot_profile()}
        optional = {
            "client_msg_id": message.client_msg_id,
            "blocks": message.blocks,
            "attachments": message.attachments,
            "thread_ts": message.thread,
            "edited": {"user": message.user, "ts": message.edited} if message.edited else None,
            "metadata": message.metadata if metadata else None,
            "reactions": [
                {"name": name, "users": users, "count": len(users)} for name, users in message.reactions.items()
            ],
            "pinned_to": [channel.id] if message.pinned else None,
        }
        found |= {name: value for name, value in optional.items() if value}
        replies = channel.thread_of(message.ts)
        if replies:
            found |= {
                "thread_ts": message.ts,
                "reply_count": len(replies),
                "reply_users_count": len({one.user for one in replies}),
                "reply_users": sorted({one.user for one in replies}),
                "latest_reply": replies[-1].ts,
                "is_locked": False,
                "subscribed": False,
            }
        return found


def bot_profile() -> dict[str, Any]:
    icons = {f"image_{size}": f"https://a.slack-edge.com/bot_{size}.png" for size in (36, 48, 72)}
    return {
        "id": BOT,
        "app_id": APP,
        "user_id": BOT_USER,
        "name": "DR Console",
        "icons": icons,
        "deleted": False,
        "updated": 1_735_689_600,
        "team_id": TEAM,
    }


def person_shown(person: Person) -> dict[str, Any]:
    profile = {
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "email": person.email,
        "team": TEAM,
        "title": "",
        "phone": "",
        "status_text": "",
        "status_emoji": "",
    }
    if person.is_bot:
        profile |= {"api_app_id": APP, "bot_id": BOT}
    return {
        "id": person.id,
        "team_id": TEAM,
        "name": person.name,
        "deleted": False,
        "color": "9f69e7",
        "real_name": person.real_name,
        "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time",
        "tz_offset": 0,
        "profile": {name: value for name, value in profile.items() if value or name != "email"},
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": 1_735_689_600,
    }


def channel_shown(channel: Channel) -> dict[str, Any]:
    direct = channel.id.startswith("D")
    found: dict[str, Any] = {
        "id": channel.id,
        "created": channel.created,
        "is_archived": channel.archived,
        "is_im": direct,
        "is_org_shared": False,
        "context_team_id": TEAM,
        "updated": channel.created * 1000,
    }
    if direct:
        return found | {"user": channel.name, "is_user_deleted": False, "priority": 0}
    return found | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.private,
        "is_group": channel.private,
        "is_mpim": False,
        "is_private": channel.private,
        "is_general": channel.id == "C0GENERAL",
        "unlinked": 0,
        "is_shared": False,
        "is_ext_shared": False,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "creator": "U0TECHLEAD",
        "shared_team_ids": [TEAM],
        "is_member": BOT_USER in channel.members,
        "num_members": len(channel.members),
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": channel.purpose, "creator": "", "last_set": 0},
        "previous_names": [],
    }
