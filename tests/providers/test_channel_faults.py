"""Every fault of the sandbox against the channels' clients: what they then say, and that nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers.capabilities.chat import ChatMessage
from dr_console.providers.capabilities.paging import Page
from dr_console.providers.capabilities.phone import Announcement
from dr_console.providers.deadlines import Deadline
from dr_console.providers.pagerduty import PagerDuty
from dr_console.providers.slack import Slack
from dr_console.providers.twilio import TwilioPhone
from dr_console.providers.voice_webhook import VoiceWebhook
from tests.sandboxed import Sandbox

KEY, NUMBER = "INC-2026-001", "+15550123"


def page(deadline: Deadline) -> Any:
    return PagerDuty().trigger(Page(KEY, "Tokyo", "api.example.com"), deadline=deadline)


def note(deadline: Deadline) -> Any:
    page = Page(KEY, "Tokyo", "api.example.com")
    return PagerDuty().open_incident(page, service="PGEMINI", deadline=deadline)


def post(deadline: Deadline) -> Any:
    return Slack().post("C0INCIDENTS", ChatMessage("Tokyo"), key=KEY, deadline=deadline)


def call(deadline: Deadline) -> Any:
    return TwilioPhone().call(NUMBER, Announcement("Tokyo"), key=KEY, deadline=deadline)


def text(deadline: Deadline) -> Any:
    return TwilioPhone().text(NUMBER, "Tokyo", deadline=deadline)


def ring(deadline: Deadline) -> Any:
    return VoiceWebhook().call(NUMBER, Announcement("Tokyo"), key=KEY, deadline=deadline)


ACTS: dict[str, tuple[str, Callable[[Deadline], Any]]] = {
    "page": ("pagerduty", page),
    "incident": ("pagerduty", note),
    "post": ("slack", post),
    "call": ("twilio", call),
    "text": ("twilio", text),
    "ring": ("voice", ring),
}
FAULTS: dict[str, tuple[dict[str, Any], set[Problem]]] = {
    "reset": ({"kind": "reset"}, {Problem.BROKEN}),
    "reset after effect": ({"kind": "reset", "after_effect": True}, {Problem.BROKEN}),
    "timeout": ({"kind": "timeout", "seconds": 3}, {Problem.TIMED_OUT, Problem.BROKEN}),
    "timeout after effect": ({"kind": "timeout-after-effect", "seconds": 3}, {Problem.TIMED_OUT, Problem.BROKEN}),
    "500": ({"kind": "error", "status": 500}, {Problem.REFUSED}),
    "503 after effect": ({"kind": "error", "status": 503, "after_effect": True}, {Problem.REFUSED}),
    "throttled": ({"kind": "throttled", "retry_after": 60}, {Problem.THROTTLED}),
    "expired token": ({"kind": "expired-token"}, {Problem.CREDENTIALS}),
    "html": ({"kind": "html", "status": 200}, {Problem.GARBLED}),
    "html with 502": ({"kind": "html", "status": 502}, {Problem.REFUSED, Problem.GARBLED}),
    "garbage": ({"kind": "garbage"}, {Problem.GARBLED}),
    "empty": ({"kind": "empty"}, {Problem.GARBLED}),
    "truncated": ({"kind": "truncated"}, {Problem.BROKEN, Problem.GARBLED}),
    "wrong type": ({"kind": "wrong-type"}, {Problem.GARBLED, Problem.REFUSED}),
}


@pytest.fixture
def world(in_sandbox: Sandbox, settings: Any) -> Sandbox:
    voice = {**settings.DR_CREDENTIALS["voice"], "url": f"{in_sandbox.url}/voice/calls"}
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "voice": voice}
    return in_sandbox


def effects(world: Sandbox, vendor: str) -> list[Any]:
    found: list[Any] = world.get("/truth/effects", vendor=vendor)["effects"]
    return found


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("act", ACTS)
def test_what_the_client_says_is_what_happened(world: Sandbox, act: str, fault: str):
    vendor, do = ACTS[act]
    rule, problems = FAULTS[fault]
    world.post("/faults", {**rule, "vendor": vendor})
    with pytest.raises(ProviderError) as caught:
        do(Deadline.after(0.8))
    error, done = caught.value, effects(world, vendor)
    assert error.problem in problems | {Problem.NOT_IN_TIME}, str(error)
    if act != "page":  # its key makes repeating harmless, so that it is repeated
        assert len(done) <= 1
        assert error.outcome is Outcome.UNKNOWN or not done, f"{error}: and it was done"
    assert "sandbox-" not in f"{error} {error.facts()}"


@pytest.mark.parametrize("act", ACTS)
def test_a_fault_that_passes_leaves_one_of_each(world: Sandbox, act: str):
    vendor, do = ACTS[act]
    world.post("/faults", {"kind": "throttled", "vendor": vendor, "times": 1, "retry_after": 0.1})
    do(Deadline.after(10))
    assert len(effects(world, vendor)) == 1


@pytest.mark.parametrize("act", ["post", "call", "text", "incident"])
def test_what_was_done_though_the_answer_was_lost_is_found(world: Sandbox, act: str):
    vendor, do = ACTS[act]
    world.post("/faults", {"kind": "reset", "after_effect": True, "vendor": vendor, "times": 1})
    with pytest.raises(ProviderError) as caught:
        do(Deadline.after(5))
    assert caught.value.outcome is Outcome.UNKNOWN
    since, soon = datetime.now(UTC) - timedelta(minutes=2), Deadline.after(10)
    found = {
        "post": lambda: Slack().find("C0INCIDENTS", KEY, since=since, deadline=soon),
        "call": lambda: TwilioPhone().find(NUMBER, since=since, deadline=soon),
        "text": lambda: TwilioPhone().find_text(NUMBER, "Tokyo", since=since, deadline=soon),
        "incident": lambda: PagerDuty().find(KEY, deadline=soon),
    }
    assert found[act]() is not None
