"""Chat: the same tests on a wire that answers by hand and in the sandbox; then what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import registry
from dr_console.providers.capabilities.chat import Button, ChatMessage, ChatProvider
from dr_console.providers.deadlines import Deadline
from dr_console.providers.slack import Slack, SlackWebhook, checks
from dr_console.providers.slack.blocks import body_of, escape
from tests import contracts
from tests.providers.faked_channels import HOOK, SLACK, SlackAnswers, sent, wire
from tests.sandboxed import Sandbox

CHANNEL, KEY = "C0INCIDENTS", "INC-2026-001/declared"
MESSAGE = ChatMessage(
    "P0 Tokyo does not answer",
    heading="INC-2026-001",
    paragraphs=["*Tokyo* does not answer since 14:30 UTC"],
    facts=[("Severity", "P0"), ("Commander", "nobody yet")],
    buttons=[Button("Acknowledge", "acknowledge", "INC-2026-001", "primary"), Button("Escalate", "escalate", "7")],
)


@pytest.fixture
def long_ago() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=5)


@pytest.fixture
def real_address(settings: Any) -> None:
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "slack": SLACK}


@pytest.fixture
def faked(real_address: None) -> Iterator[None]:
    with wire((SLACK, SlackAnswers().api)):
        yield


@pytest.fixture(params=["faked", "in_sandbox"])
def chat(request: pytest.FixtureRequest, held: None) -> ChatProvider:
    request.getfixturevalue(request.param)
    return registry.chat()


@pytest.fixture
def on_the_wire(real_address: None) -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        yield router


def test_a_message_is_written_and_found_again_by_its_key(chat: ChatProvider, soon: Deadline, long_ago: datetime):
    posted = chat.post(CHANNEL, MESSAGE, key=KEY, deadline=soon)
    assert posted.channel == CHANNEL
    assert chat.find(CHANNEL, KEY, since=long_ago, deadline=soon) == posted


def test_a_message_that_was_never_written_is_not_found(chat: ChatProvider, soon: Deadline, long_ago: datetime):
    chat.post(CHANNEL, MESSAGE, key=KEY, deadline=soon)
    assert chat.find(CHANNEL, "another", since=long_ago, deadline=soon) is None


def test_an_answer_stands_in_the_thread_and_is_found_there(chat: ChatProvider, soon: Deadline, long_ago: datetime):
    first = chat.post(CHANNEL, MESSAGE, key=KEY, deadline=soon)
    reply = chat.post(CHANNEL, ChatMessage("On it"), key="reply", thread=first.id, deadline=soon)
    assert reply.thread == first.id
    assert chat.find(CHANNEL, "reply", since=long_ago, thread=first.id, deadline=soon) == reply
    assert chat.find(CHANNEL, "reply", since=long_ago, deadline=soon) is None


def test_changing_a_message_keeps_its_place_and_its_key(chat: ChatProvider, soon: Deadline, long_ago: datetime):
    posted = chat.post(CHANNEL, MESSAGE, key=KEY, deadline=soon)
    for _ in range(2):
        assert chat.change(posted, ChatMessage("Acknowledged by Ada"), key=KEY, deadline=soon) == posted
    assert chat.find(CHANNEL, KEY, since=long_ago, deadline=soon) == posted


def test_the_token_tells_whose_it_is_and_what_it_may(chat: ChatProvider, soon: Deadline):
    found = chat.whoami(deadline=soon)
    assert (found.name, found.team) == ("drconsole", "Gemini")
    assert "chat:write" in found.rights


def test_a_channel_is_read(chat: ChatProvider, soon: Deadline):
    assert chat.channel(CHANNEL, deadline=soon).name == "incidents"
    assert chat.channel("C0OLD", deadline=soon).archived


def test_channels_are_listed_to_the_last_page(chat: ChatProvider, soon: Deadline):
    names = [channel.name for channel in chat.channels(deadline=soon)]
    assert {"incidents", "general"} <= set(names)
    assert "old-incidents" not in names


def test_people_are_found_by_id_and_by_address(chat: ChatProvider, soon: Deadline):
    person = chat.person("U0ONCALL", deadline=soon)
    assert (person.name, person.email, person.active) == ("On-call engineer", "oncall@example.com", True)
    assert chat.person_by_email("oncall@example.com", deadline=soon) == person


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda chat, soon: chat.post("C0NOWHERE", MESSAGE, key=KEY, deadline=soon), "channel_not_found"),
        (lambda chat, soon: chat.channel("C0NOWHERE", deadline=soon), "channel_not_found"),
        (lambda chat, soon: chat.person("U0NOBODY", deadline=soon), "user_not_found"),
        (lambda chat, soon: chat.person_by_email("nobody@example.com", deadline=soon), "users_not_found"),
    ],
)
def test_what_is_not_there_is_not_found_though_the_status_is_200(
    chat: ChatProvider, soon: Deadline, ask: Any, code: str
):
    error = _refusal(lambda: ask(chat, soon))
    assert (error.problem, error.code, error.permanent) == (Problem.NOT_FOUND, code, True)


def test_an_archived_channel_takes_nothing(chat: ChatProvider, soon: Deadline):
    error = _refusal(lambda: chat.post("C0OLD", MESSAGE, key=KEY, deadline=soon))
    assert (error.problem, error.code, error.permanent) == (Problem.REFUSED, "is_archived", True)


def test_the_checks_find_everything_in_order(chat: ChatProvider, soon: Deadline):
    findings = [finding for check in checks.CHECKS for finding in check(soon)]
    assert [finding.state.value for finding in findings] == ["ok"] * 4


@pytest.mark.parametrize(
    ("channel", "said"),
    [({"is_archived": True}, "#incidents is archived."), ({"is_member": False}, "The bot is not in #incidents.")],
)
def test_a_channel_that_takes_nothing_is_found_out(
    on_the_wire: respx.MockRouter, soon: Deadline, channel: dict[str, Any], said: str
):
    found = {"id": CHANNEL, "name": "incidents", "is_archived": False, "is_member": True, "is_private": False}
    body = {"ok": True, "channel": found | channel}
    on_the_wire.get(f"{SLACK}/conversations.info").respond(200, json=body)
    (finding,) = checks.channel(soon)
    assert finding.state.value == "failed"
    assert said in finding.words


def test_scopes_that_are_missing_are_named(on_the_wire: respx.MockRouter, soon: Deadline):
    body = {"ok": True, "user_id": "U1", "user": "dr", "team": "Gemini"}
    on_the_wire.post(f"{SLACK}/auth.test").respond(200, json=body, headers={"X-OAuth-Scopes": "chat:write,users:read"})
    _token, scopes = checks.token(soon)
    assert scopes.words == "Missing: channels:read, channels:history, users:read.email"


# --- The incoming webhook -------------------------------------------------------------------------


def test_a_webhook_says_it_and_no_more(settings: Any, sandbox: Sandbox, soon: Deadline):
    slack = {**settings.DR_CREDENTIALS["slack"], "webhook_url": f"{sandbox.url}{HOOK.removeprefix('https://hooks.slack.com').replace('/services', '/slack/services')}"}  # fmt: skip # noqa: E501
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "slack": slack}
    SlackWebhook().post(MESSAGE, deadline=soon)
    (effect,) = sandbox.get("/truth/effects", vendor="slack")["effects"]
    assert (effect["what"], effect["detail"]["text"]) == ("webhook", MESSAGE.text)


@pytest.fixture
def live_hook(settings: Any) -> None:
    settings.DR_MODE = "live"
    slack = {**settings.DR_CREDENTIALS["slack"], "webhook_url": HOOK}
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "slack": slack}


def test_what_the_webhook_sends_is_what_slack_documents(live_hook: None, soon: Deadline):
    answers = SlackAnswers()
    with wire((HOOK, answers.hook)):
        SlackWebhook().post(MESSAGE, deadline=soon)
    path = HOOK.removeprefix("https://hooks.slack.com")
    contracts.hold("slack", "POST", path, query={}, request=answers.said[0], status=200, answer="ok")


@pytest.mark.parametrize(
    ("status", "said", "problem"),
    [
        (404, "no_service", Problem.NOT_FOUND),
        (403, "invalid_token", Problem.CREDENTIALS),
        (400, "invalid_payload", Problem.REFUSED),
        (410, "channel_is_archived", Problem.NOT_FOUND),
    ],
)
def test_the_webhooks_plain_words_are_told(live_hook: None, soon: Deadline, status: int, said: str, problem: Problem):
    with wire((HOOK, lambda request: httpx.Response(status, text=said))):
        error = _refusal(lambda: SlackWebhook().post(MESSAGE, deadline=soon))
    assert (error.problem, error.code, error.permanent) == (problem, said, True)


@pytest.mark.parametrize(
    "answer", [httpx.Response(200, text="<html>hello</html>"), httpx.Response(302), httpx.ReadTimeout]
)
def test_a_webhook_that_may_have_said_it_is_not_asked_again(live_hook: None, soon: Deadline, answer: Any):
    with respx.mock() as router:
        route = router.post(HOOK).mock(side_effect=[answer])
        error = _refusal(lambda: SlackWebhook().post(MESSAGE, deadline=soon))
    assert route.call_count == 1
    assert error.outcome is Outcome.UNKNOWN
    assert "sandbox-slack-webhook" not in f"{error} {error.facts()}"


def test_the_webhook_never_leaves_the_sandbox(live_hook: None, settings: Any, soon: Deadline):
    settings.DR_MODE = "sandbox"
    error = _refusal(lambda: SlackWebhook().post(MESSAGE, deadline=soon))
    assert error.problem is Problem.SETTINGS
    assert "DR_SLACK_WEBHOOK_URL" in error.said


# --- What goes wrong ------------------------------------------------------------------------------


def post(deadline: Deadline) -> Any:
    return Slack().post(CHANNEL, MESSAGE, key=KEY, deadline=deadline)


@pytest.mark.parametrize(
    ("code", "problem", "permanent"),
    [
        ("invalid_auth", Problem.CREDENTIALS, True),
        ("token_expired", Problem.CREDENTIALS, True),
        ("missing_scope", Problem.CREDENTIALS, True),
        ("not_in_channel", Problem.CREDENTIALS, True),
        ("msg_too_long", Problem.REFUSED, True),
        ("ratelimited", Problem.THROTTLED, False),
        ("service_unavailable", Problem.REFUSED, False),
        ("something_new", Problem.REFUSED, True),
    ],
)
def test_ok_false_is_a_failure(
    on_the_wire: respx.MockRouter, soon: Deadline, code: str, problem: Problem, permanent: bool
):
    route = on_the_wire.post(f"{SLACK}/chat.postMessage").respond(200, json={"ok": False, "error": code})
    error = _refusal(lambda: post(soon))
    assert (error.problem, error.code, error.permanent) == (problem, code, permanent)
    assert error.outcome is Outcome.NOTHING
    assert route.call_count == 1


def test_slacks_own_trouble_leaves_open_whether_it_was_written(on_the_wire: respx.MockRouter, soon: Deadline):
    on_the_wire.post(f"{SLACK}/chat.postMessage").respond(200, json={"ok": False, "error": "fatal_error"})
    error = _refusal(lambda: post(soon))
    assert (error.permanent, error.outcome) == (False, Outcome.UNKNOWN)


def test_the_scope_that_is_missing_is_named(on_the_wire: respx.MockRouter, soon: Deadline):
    body = {"ok": False, "error": "missing_scope", "needed": "chat:write", "provided": "users:read"}
    on_the_wire.post(f"{SLACK}/chat.postMessage").respond(200, json=body)
    assert "needs chat:write" in str(_refusal(lambda: post(soon)))


@pytest.mark.parametrize("answer", [httpx.ReadTimeout, httpx.ReadError, httpx.Response(500), httpx.Response(503)])
def test_a_message_whose_answer_was_lost_is_not_written_twice(
    on_the_wire: respx.MockRouter, soon: Deadline, answer: Any
):
    route = on_the_wire.post(f"{SLACK}/chat.postMessage").mock(side_effect=[answer])
    assert _refusal(lambda: post(soon)).outcome is Outcome.UNKNOWN
    assert route.call_count == 1


def test_it_waits_as_long_as_it_is_asked_to(on_the_wire: respx.MockRouter, soon: Deadline):
    wait = httpx.Response(429, json={"ok": False, "error": "ratelimited"}, headers={"Retry-After": "1"})
    done = httpx.Response(200, json={"ok": True, "channel": CHANNEL, "ts": "1795360000.000100"})
    route = on_the_wire.post(f"{SLACK}/chat.postMessage").mock(side_effect=[wait, done])
    assert post(soon).id == "1795360000.000100"
    assert route.call_count == 2


@pytest.mark.parametrize("body", ["", "<html>", "[]", '{"ok": true}', '{"ok": "yes"}', "null", '{"channel": 1}'])
def test_an_answer_of_another_shape_is_garbled_and_quoted(on_the_wire: respx.MockRouter, soon: Deadline, body: str):
    on_the_wire.post(f"{SLACK}/chat.postMessage").respond(200, text=body)
    error = _refusal(lambda: post(soon))
    assert (error.problem, error.outcome) == (Problem.GARBLED, Outcome.UNKNOWN)
    assert body in error.said


def test_no_secret_is_told(on_the_wire: respx.MockRouter, soon: Deadline, settings: Any):
    slack = {**settings.DR_CREDENTIALS["slack"], "token": "xoxb-hunter2"}
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "slack": slack}
    on_the_wire.route().mock(side_effect=lambda request: httpx.Response(400, text=str(request.headers.raw)))
    error = _refusal(lambda: post(soon))
    assert "hunter2" not in f"{error} {error!r} {error.facts()}"


def test_a_lost_message_is_found_in_the_sandbox(in_sandbox: Sandbox, soon: Deadline, long_ago: datetime):
    fault = {"kind": "timeout-after-effect", "vendor": "slack", "route": "POST */chat.postMessage", "times": 1}
    in_sandbox.post("/faults", {**fault, "seconds": 2})
    error = _refusal(lambda: post(soon))
    assert error.outcome is Outcome.UNKNOWN
    assert Slack().find(CHANNEL, KEY, since=long_ago, deadline=soon) is not None
    assert len(in_sandbox.get("/truth/effects", vendor="slack")["effects"]) == 1


# --- How a message is laid out --------------------------------------------------------------------


def test_what_is_not_ours_is_escaped():
    assert escape("<!channel> & <@U1>") == "&lt;!channel&gt; &amp; &lt;@U1&gt;"


def test_a_message_of_one_line_has_no_blocks():
    assert body_of(ChatMessage("short")) == {"text": "short"}


def test_buttons_alone_bring_the_text_with_them():
    blocks = body_of(ChatMessage("Do it?", buttons=[Button("Yes", "yes", url="https://dr.example.com/")]))["blocks"]
    assert [block["type"] for block in blocks] == ["section", "actions"]
    assert blocks[0]["text"]["text"] == "Do it?"


def test_everything_is_kept_within_slacks_limits(on_the_wire: respx.MockRouter, held: None, soon: Deadline):
    done = {"ok": True, "channel": CHANNEL, "ts": "1795360000.000100", "message": {}}
    route = on_the_wire.post(f"{SLACK}/chat.postMessage").respond(200, json=done)
    huge = ChatMessage(
        "t" * 50_000,
        heading="h" * 500,
        paragraphs=["p" * 9_000] * 60,
        facts=[("n" * 3000, "v" * 3000)] * 35,
        buttons=[Button("b" * 200, f"a{number}", "v" * 5000) for number in range(40)],
    )
    Slack().post(CHANNEL, huge, key=KEY, deadline=soon)  # the contract holds the limits
    assert len(sent(route.calls.last.request)["blocks"]) == 50


def _refusal(ask: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        ask()
    return caught.value
