"""Slack in the sandbox: however it is asked, its limits, buttons that lead back, and what Slack's own client says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient, WebhookClient
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import Clock, SignatureVerifier

from dr_console.providers import signatures
from dr_console.providers.signatures import Verdict
from tests.sandbox.receiver import Heard, Receiver, receiving
from tests.sandboxed import Sandbox

CHANNEL = "C0INCIDENTS"
SECRET = "sandbox-slack-signing"
BUTTONS = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "Tokyo"}},
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "text": {"type": "plain_text", "text": "Acknowledge"},
                "action_id": "acknowledge",
                "value": "7",
            }
        ],
    },
]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


class Api:
    def __init__(self, sandbox: Sandbox) -> None:
        self.client = httpx.Client(
            base_url=f"{sandbox.url}/slack", headers={"Authorization": "Bearer xoxb-1"}, trust_env=False
        )

    def call(self, method: str, **arguments: Any) -> Any:
        return self.client.post(f"/api/{method}", json=arguments).json()

    def error(self, method: str, **arguments: Any) -> str:
        answer = self.client.post(f"/api/{method}", json=arguments)
        assert answer.status_code == 200
        assert answer.json()["ok"] is False
        return str(answer.json()["error"])


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    return Api(sandbox)


@pytest.fixture
def own_client(sandbox: Sandbox) -> WebClient:
    return WebClient(token="xoxb-1", base_url=f"{sandbox.url}/slack/api/")


def test_arguments_come_as_json_as_a_form_or_in_the_query(sandbox: Sandbox):
    base, arguments = f"{sandbox.url}/slack/api/conversations.info", {"channel": CHANNEL}
    header = {"Authorization": "Bearer xoxb-1"}
    with httpx.Client(trust_env=False) as client:
        answers = [
            client.post(base, json=arguments, headers=header),
            client.post(base, data={**arguments, "token": "xoxb-1"}),
            client.post(base, files={"channel": (None, CHANNEL), "token": (None, "xoxb-1")}),
            client.get(base, params=arguments, headers=header),
        ]
    assert [answer.json()["channel"]["name"] for answer in answers] == ["incidents"] * 4


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, "not_authed"),
        ({"Authorization": "Bearer nonsense"}, "invalid_auth"),
        ({"Authorization": "x"}, "not_authed"),
    ],
)
def test_without_a_token_nothing_is_told(sandbox: Sandbox, headers: dict[str, str], error: str):
    answer = httpx.post(f"{sandbox.url}/slack/api/auth.test", headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()) == (200, {"ok": False, "error": error})


def test_errors_come_with_status_200(api: Api):
    assert api.error("chat.postMessage", channel="C0NOWHERE", text="x") == "channel_not_found"
    assert api.error("chat.postMessage", channel=CHANNEL) == "no_text"
    assert api.error("chat.postMessage", channel="C0OLD", text="x") == "is_archived"
    assert api.error("chat.postMessage", channel=CHANNEL, text="x" * 40_001) == "msg_too_long"
    assert api.error("chat.postMessage", channel=CHANNEL, text="x", thread_ts="1.0") == "thread_not_found"
    assert api.error("chat.update", channel=CHANNEL, ts="1.0", text="x") == "message_not_found"
    assert api.error("chat.nothing") == "unknown_method"
    assert api.error("conversations.history", channel=CHANNEL, cursor="%%%") == "invalid_cursor"
    answer = api.client.post("/api/auth.test", content=b"{", headers={"Content-Type": "application/json"})
    assert answer.json()["error"] == "invalid_json"


@pytest.mark.parametrize(
    "blocks",
    [
        [{"type": "nonsense"}],
        [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
        [{"type": "section"}],
        [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}],
        [{"type": "actions", "elements": []}],
        [{"type": "divider"}] * 51,
        ["text"],
        [{"type": []}],
        [{"type": "section", "text": "bare"}],
        [{"type": "section", "fields": 7}],
        [{"type": "actions", "elements": ["x"]}],
        [{"type": "actions", "elements": [{"type": "button", "text": "bare"}]}],
    ],
)
def test_wrong_blocks_are_refused(api: Api, blocks: list[Any]):
    assert api.error("chat.postMessage", channel=CHANNEL, text="x", blocks=blocks) == "invalid_blocks"


def test_one_message_a_second_in_each_channel(sandbox: Sandbox):
    sandbox.reset(speed=1)
    api = Api(sandbox)
    ask = {"channel": CHANNEL, "text": "x"}
    answers = [api.client.post("/api/chat.postMessage", json=ask) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].headers["retry-after"] == "1"
    assert answers[1].json() == {"ok": False, "error": "ratelimited"}
    assert api.call("chat.postMessage", channel="C0GENERAL", text="x")["ok"]
    sandbox.post("/clock", {"advance": 1})
    assert api.call("chat.postMessage", **ask)["ok"]


def test_metadata_is_told_only_to_who_asks(api: Api):
    metadata = {"event_type": "dr", "event_payload": {"key": "INC-1"}}
    api.call("chat.postMessage", channel=CHANNEL, text="x", metadata=metadata)
    (with_it,) = api.call("conversations.history", channel=CHANNEL, include_all_metadata=True)["messages"]
    (without,) = api.call("conversations.history", channel=CHANNEL)["messages"]
    assert with_it["metadata"] == metadata
    assert "metadata" not in without


def test_replies_stand_in_their_thread(api: Api):
    first = api.call("chat.postMessage", channel=CHANNEL, text="one")["ts"]
    api.call("chat.postMessage", channel=CHANNEL, text="two", thread_ts=first)
    (shown,) = api.call("conversations.history", channel=CHANNEL)["messages"]
    assert shown["reply_count"] == 1
    replies = api.call("conversations.replies", channel=CHANNEL, ts=first)["messages"]
    assert [message["text"] for message in replies] == ["one", "two"]


def test_slacks_own_client_accepts_it(own_client: WebClient, sandbox: Sandbox):
    assert own_client.auth_test()["user_id"] == "U0CONSOLE"
    posted = own_client.chat_postMessage(channel="#incidents", text="Tokyo", blocks=BUTTONS)
    ts = posted["ts"]
    own_client.chat_postMessage(channel=CHANNEL, text="on it", thread_ts=ts)
    own_client.chat_update(channel=CHANNEL, ts=ts, text="done", blocks=[])
    own_client.reactions_add(channel=CHANNEL, name="eyes", timestamp=ts)
    own_client.pins_add(channel=CHANNEL, timestamp=ts)
    history = own_client.conversations_history(channel=CHANNEL, oldest=str(float(ts) - 1), limit=10)
    assert [(one["text"], one["reactions"][0]["name"]) for one in history["messages"]] == [("done", "eyes")]
    assert own_client.chat_getPermalink(channel=CHANNEL, message_ts=ts)["permalink"].startswith("https://")
    names = [one["name"] for page in own_client.conversations_list(limit=1) for one in page["channels"]]
    assert names == ["incidents", "general", "dev-team", "old-incidents"]
    made = own_client.conversations_create(name="inc-2026-001")["channel"]
    own_client.conversations_invite(channel=made["id"], users=["U0ONCALL", "U0CTO"])
    assert own_client.conversations_members(channel=made["id"])["members"] == ["U0CONSOLE", "U0ONCALL", "U0CTO"]
    assert own_client.users_lookupByEmail(email="cto@example.com")["user"]["id"] == "U0CTO"
    assert own_client.users_info(user="U0CTO")["user"]["profile"]["email"] == "cto@example.com"
    direct = own_client.conversations_open(users=["U0CTO"])["channel"]["id"]
    assert own_client.chat_postMessage(channel=direct, text="you")["ok"]
    with pytest.raises(SlackApiError) as caught:
        own_client.conversations_info(channel="C0NOWHERE")
    assert caught.value.response["error"] == "channel_not_found"
    hook = WebhookClient(f"{sandbox.url}/slack/services/T0/B0/secret")
    assert hook.send(text="hello").body == "ok"


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("T0/B0/x", b'{"text": "x"}', (200, "ok")),
        ("T0/B0/x", b"payload=%7B%22text%22%3A%22x%22%7D", (200, "ok")),
        ("T0/B0/x", b"{", (400, "invalid_payload")),
        ("T0/B0/x", b"{}", (400, "no_text")),
        ("X0/B0/x", b'{"text": "x"}', (404, "no_team")),
        ("T0/B0/x", b'{"text": "x", "channel": "C0OLD"}', (410, "channel_is_archived")),
        ("T0/B0/x", b'{"text": "x", "channel": "#none"}', (404, "channel_not_found")),
        ("T0/B0/x", b'{"attachments": [{"fallback": "x", "color": "danger"}]}', (200, "ok")),
    ],
)
def test_a_webhook_answers_in_plain_words(sandbox: Sandbox, path: str, content: bytes, expected: tuple[int, str]):
    kind = "application/x-www-form-urlencoded"
    url = f"{sandbox.url}/slack/services/{path}"
    answer = httpx.post(url, content=content, headers={"Content-Type": kind}, trust_env=False)
    assert (answer.status_code, answer.text) == expected


class At(Clock):
    def __init__(self, heard: Heard) -> None:
        self._at = float(heard.headers["X-Slack-Request-Timestamp"])

    def now(self) -> float:
        return self._at


def verify(heard: Heard) -> None:
    assert SignatureVerifier(SECRET, At(heard)).is_valid_request(heard.body, heard.headers)
    signature, timestamp = heard.headers["X-Slack-Signature"], heard.headers["X-Slack-Request-Timestamp"]
    verdict = signatures.slack(heard.body, signature, timestamp, secret=SECRET, at=float(timestamp))
    assert verdict is Verdict.GENUINE


def test_a_press_of_a_button_is_told_with_a_signature(api: Api, sandbox: Sandbox, receiver: Receiver):
    ts = api.call("chat.postMessage", channel=CHANNEL, text="Tokyo", blocks=BUTTONS)["ts"]
    sandbox.post("/slack/addresses", {"request_url": f"{receiver.url}/slack"})
    assert sandbox.post("/slack/press", {"action": "acknowledge", "by": "U0CTO"}) == {"status": 200, "said": ""}
    (heard,) = receiver.heard
    verify(heard)
    payload = json.loads(heard.form["payload"])
    assert (payload["type"], payload["user"]["id"]) == ("block_actions", "U0CTO")
    assert (payload["actions"][0]["action_id"], payload["actions"][0]["value"]) == ("acknowledge", "7")
    assert (payload["channel"]["id"], payload["message"]["ts"]) == (CHANNEL, ts)
    answer = httpx.post(payload["response_url"], json={"replace_original": True, "text": "by CTO"}, trust_env=False)
    assert answer.json() == {"ok": True}
    (message,) = api.call("conversations.history", channel=CHANNEL)["messages"]
    assert (message["text"], "blocks" in message) == ("by CTO", False)


def test_a_slash_command_is_told_with_a_signature(api: Api, sandbox: Sandbox, receiver: Receiver):
    receiver.answers["/slack"] = (200, json.dumps({"response_type": "in_channel", "text": "declared"}))
    asked = {"command": "/incident", "text": "P0 Tokyo", "url": f"{receiver.url}/slack"}
    assert sandbox.post("/slack/command", asked)["status"] == 200
    (heard,) = receiver.heard
    verify(heard)
    assert (heard.form["command"], heard.form["text"]) == ("/incident", "P0 Tokyo")
    assert api.call("conversations.history", channel=CHANNEL)["messages"][0]["text"] == "declared"


def test_an_address_elsewhere_is_refused(sandbox: Sandbox, api: Api):
    api.call("chat.postMessage", channel=CHANNEL, text="Tokyo", blocks=BUTTONS)
    for path, body in (
        ("addresses", {"request_url": "https://dr.example.com/slack"}),
        ("press", {"action": "acknowledge", "url": "https://dr.example.com/slack"}),
        ("press", {"action": "acknowledge"}),
        ("command", {"command": "/x", "url": "http://192.168.0.1/"}),
    ):
        answer = httpx.post(f"{sandbox.url}/control/slack/{path}", json=body, trust_env=False)
        assert answer.status_code == 422
        assert answer.json()["field"] in ("request_url", "url")


def test_a_console_that_does_not_answer_is_told_of(api: Api, sandbox: Sandbox):
    api.call("chat.postMessage", channel=CHANNEL, text="Tokyo", blocks=BUTTONS)
    answer = sandbox.post("/slack/press", {"action": "acknowledge", "url": "http://127.0.0.1:9/"})
    assert answer["status"] == 0


def test_faults_speak_as_slack_does(api: Api, sandbox: Sandbox):
    sandbox.post("/faults", {"kind": "expired-token", "vendor": "slack"})
    assert api.error("auth.test") == "token_expired"
    sandbox.delete("/faults")
    sandbox.post("/faults", {"kind": "throttled", "vendor": "slack", "retry_after": 3})
    answer = api.client.post("/api/auth.test")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
