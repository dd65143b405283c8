"""Slack's Web API with a bot token: https://docs.slack.dev/reference/methods."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from django.conf import settings
from django.utils.translation import gettext_noop as _
from pydantic import BaseModel, Field

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import limits
from dr_console.providers.capabilities.chat import Channel, ChatMessage, Identity, Person, Posted
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Answer, Wire, Words
from dr_console.providers.slack.blocks import body_of

VENDOR = "Slack"
POST = _("write to the channel")
CHANGE = _("change a message")
FIND = _("look for a message")
WHOAMI = _("tell whose token this is")
READ_CHANNEL = _("read the channel")
READ_CHANNELS = _("list the channels")
READ_PERSON = _("read a person")

EVENT_TYPE = "dr_console_message"  # of the metadata that carries our key
SKEW_SECONDS = 60
PAGE = 200
MOST_PAGES = 20

MISSING = {"channel_not_found", "message_not_found", "user_not_found", "users_not_found", "thread_not_found"}
CREDENTIALS = {
    "access_denied",
    "account_inactive",
    "ekm_access_denied",
    "enterprise_is_restricted",
    "invalid_auth",
    "missing_scope",
    "no_permission",
    "not_allowed_token_type",
    "not_authed",
    "not_in_channel",
    "org_login_required",
    "restricted_action",
    "token_expired",
    "token_revoked",
}
FOR_NOW = {"fatal_error", "internal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
THROTTLED = {"ratelimited", "rate_limited", "message_limit_exceeded"}


class _Ok(BaseModel):
    ok: Literal[True]


class _Metadata(BaseModel):
    event_type: str = ""
    event_payload: dict[str, Any] = Field(default_factory=dict)


class _Message(BaseModel):
    ts: str
    thread_ts: str = ""
    metadata: _Metadata | None = None


class _Posted(BaseModel):
    channel: str
    ts: str


class _Channel(BaseModel):
    id: str
    name: str
    is_archived: bool = False
    is_member: bool = False
    is_private: bool = False

    def channel(self) -> Channel:
        return Channel(self.id, self.name, self.is_archived, self.is_member, self.is_private)


class _Profile(BaseModel):
    email: str = ""
    real_name: str = ""


class _User(BaseModel):
    id: str
    name: str = ""
    deleted: bool = False
    profile: _Profile = Field(default_factory=_Profile)

    def person(self) -> Person:
        return Person(self.id, self.profile.real_name or self.name, self.profile.email, not self.deleted)


class _Identity(BaseModel):
    user_id: str
    user: str
    team: str


class _More(BaseModel):
    next_cursor: str = ""


class _Paging(BaseModel):
    has_more: bool = False
    response_metadata: _More | None = None

    @property
    def cursor(self) -> str:
        return self.response_metadata.next_cursor if self.response_metadata else ""


class Slack:
    """A ChatProvider. Slack takes one message a second in each channel."""

    def post(
        self,
        channel: str,
        message: ChatMessage,
        *,
        key: str,
        thread: str = "",
        broadcast: bool = False,
        deadline: Deadline,
    ) -> Posted:
        body = {"channel": channel, **body_of(message), "metadata": _metadata(key), "unfurl_links": False}
        if thread:
            body |= {"thread_ts": thread} | ({"reply_broadcast": True} if broadcast else {})
        counted = (limits.slack_channel(channel),)
        answer = self._ask("chat.postMessage", POST, deadline, body=body, also_counted=counted).read_as(_Posted)
        return Posted(answer.channel, answer.ts, thread)

    def change(self, posted: Posted, message: ChatMessage, *, key: str, deadline: Deadline) -> Posted:
        body = {"channel": posted.channel, "ts": posted.id, **body_of(message), "metadata": _metadata(key)}
        body.setdefault("blocks", [])  # what is not named stays, and buttons that were pressed must go
        answer = self._ask("chat.update", CHANGE, deadline, body=body, harmless=True).read_as(_Posted)
        return Posted(answer.channel, answer.ts, posted.thread)

    def find(self, channel: str, key: str, *, since: datetime, thread: str = "", deadline: Deadline) -> Posted | None:
        params: dict[str, Any] = {
            "channel": channel,
            "oldest": f"{since.timestamp() - SKEW_SECONDS:.6f}",
            "include_all_metadata": "true",
            "limit": PAGE,
            **({"ts": thread} if thread else {}),
        }
        method = "conversations.replies" if thread else "conversations.history"
        for _number in range(MOST_PAGES):
            answer = self._ask(method, FIND, deadline, params=params)
            for message in answer.read_as(list[_Message], at="messages"):
                if message.metadata and message.metadata.event_payload.get("key") == key:
                    return Posted(channel, message.ts, thread)
            cursor = answer.read_as(_Paging).cursor
            if not cursor:
                return None
            params["cursor"] = cursor
        raise ProviderError(VENDOR, FIND, Problem.NOT_IN_TIME, said=f"more than {MOST_PAGES * PAGE} messages")

    def whoami(self, *, deadline: Deadline) -> Identity:
        answer = self._ask("auth.test", WHOAMI, deadline, reads=True)
        scopes = answer.headers.get("x-oauth-scopes", "")
        found = answer.read_as(_Identity)
        rights = tuple(scope.strip() for scope in scopes.split(",") if scope.strip())
        return Identity(found.user_id, found.user, found.team, rights)

    def channel(self, id: str, *, deadline: Deadline) -> Channel:
        answer = self._ask("conversations.info", READ_CHANNEL, deadline, params={"channel": id})
        return answer.read_as(_Channel, at="channel").channel()

    def channels(self, *, deadline: Deadline) -> list[Channel]:
        found: list[Channel] = []
        params: dict[str, Any] = {
            "exclude_archived": "true",
            "types": "public_channel,private_channel",
            "limit": PAGE,
        }
        for _number in range(MOST_PAGES):
            answer = self._ask("conversations.list", READ_CHANNELS, deadline, params=params)
            found += [one.channel() for one in answer.read_as(list[_Channel], at="channels")]
            params["cursor"] = answer.read_as(_Paging).cursor
            if not params["cursor"]:
                break
        return found

    def person(self, id: str, *, deadline: Deadline) -> Person:
        answer = self._ask("users.info", READ_PERSON, deadline, params={"user": id})
        return answer.read_as(_User, at="user").person()

    def person_by_email(self, email: str, *, deadline: Deadline) -> Person:
        answer = self._ask("users.lookupByEmail", READ_PERSON, deadline, params={"email": email})
        return answer.read_as(_User, at="user").person()

    def _ask(
        self,
        method: str,
        operation: str,
        deadline: Deadline,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        harmless: bool | None = None,
        reads: bool | None = None,
        **more: Any,
    ) -> Answer:
        """Reading methods take their arguments in the query; those that write take JSON."""
        token = credential("slack", "token", operation=operation)
        wire = Wire(
            VENDOR,
            settings.DR_VENDOR_URLS["slack"],
            headers={"Authorization": f"Bearer {token}"},
            secrets=(token,),
            refusal=_refusal,
        )
        verb = "GET" if params is not None else "POST"
        try:
            answer = wire.call(
                verb,
                f"/{method}",
                operation=operation,
                deadline=deadline,
                params=params,
                json=body,
                harmless=harmless,
                reads=reads,
                **more,
            )
        except ProviderError as error:
            raise _named(error, reads is True or verb == "GET") from error
        answer.read_as(_Ok)
        return answer


def _metadata(key: str) -> dict[str, Any]:
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}


def _refusal(status: int, body: Any) -> Words | None:
    if not isinstance(body, dict) or body.get("ok") is not False:
        return Words() if status >= 400 else None  # if it is nothing of Slack's either, _Ok says so
    needed = f"needs {body['needed']}" if body.get("needed") else ""
    metadata = body.get("response_metadata")
    more = metadata.get("messages") if isinstance(metadata, dict) else None
    said = [needed, *(map(str, more) if isinstance(more, list) else ())]
    return Words(str(body.get("error", "unknown_error")), "; ".join(part for part in said if part) or "ok: false")


def _named(error: ProviderError, reads: bool) -> ProviderError:
    """Slack says most of its noes with status 200, so that only its word tells what kind of no it is."""
    if error.code in MISSING:
        error.problem = Problem.NOT_FOUND
    elif error.code in CREDENTIALS:
        error.problem = Problem.CREDENTIALS
    elif error.code in THROTTLED:
        error.problem, error.permanent = Problem.THROTTLED, False
    elif error.code in FOR_NOW:
        error.permanent = False
        # Slack writes of these two: "it's possible some aspect of the operation succeeded before the error".
        if error.code in ("fatal_error", "internal_error", "request_timeout") and not reads:
            error.outcome = Outcome.UNKNOWN
    return error
