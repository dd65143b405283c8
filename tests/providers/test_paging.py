"""Paging: the same tests on a wire that answers by hand and in the sandbox; then what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import respx

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import registry
from dr_console.providers.capabilities.paging import Link, Page, PageState, PagingProvider, Urgency
from dr_console.providers.deadlines import Deadline
from dr_console.providers.pagerduty import PagerDuty, checks
from dr_console.providers.pagerduty.events import cut, whole_key
from tests.providers.faked_channels import EVENTS, PAGERDUTY, PagerDutyAnswers, sent, wire
from tests.sandboxed import Sandbox

KEY = "INC-2026-001/level-0"
PAGE = Page(
    key=KEY,
    summary="Tokyo does not answer",
    source="api.example.com",
    at=datetime(2026, 11, 22, 14, 30, tzinfo=UTC),
    component="api",
    group="asia-northeast-1",
    kind="region failure",
    details={"error rate": "100 %"},
    links=[Link("https://dr.example.com/incidents/INC-2026-001/", "INC-2026-001")],
)


@pytest.fixture
def real_addresses(settings: Any) -> None:
    urls = {"pagerduty": PAGERDUTY, "pagerduty_events": EVENTS}
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, **urls}


@pytest.fixture
def faked(real_addresses: None) -> Iterator[None]:
    answers = PagerDutyAnswers()
    with wire((EVENTS, answers.events), (PAGERDUTY, answers.rest)):
        yield


@pytest.fixture(params=["faked", "in_sandbox"])
def paging(request: pytest.FixtureRequest, held: None) -> PagingProvider:
    request.getfixturevalue(request.param)
    return registry.paging()


@pytest.fixture
def on_the_wire(real_addresses: None) -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        yield router


def test_a_page_arrives_and_whoever_is_on_call_is_rung(paging: PagingProvider, soon: Deadline):
    assert paging.trigger(PAGE, deadline=soon) == KEY
    found = paging.find(KEY, deadline=soon)
    assert found is not None
    assert (found.title, found.state, found.key) == ("Tokyo does not answer", PageState.TRIGGERED, KEY)
    assert found.assigned == ("On-call engineer",)
    assert found.created_at.tzinfo is not None


def test_the_same_page_twice_is_one(paging: PagingProvider, soon: Deadline):
    paging.trigger(PAGE, deadline=soon)
    first = paging.find(KEY, deadline=soon)
    paging.trigger(PAGE, deadline=soon)
    assert paging.find(KEY, deadline=soon) == first


def test_a_page_that_never_came_is_not_found(paging: PagingProvider, soon: Deadline):
    assert paging.find("INC-2026-999", deadline=soon) is None


def test_it_is_acknowledged_and_then_resolved(paging: PagingProvider, soon: Deadline):
    paging.trigger(PAGE, deadline=soon)
    paging.acknowledge(KEY, deadline=soon)
    assert _state(paging, soon) is PageState.ACKNOWLEDGED
    paging.resolve(KEY, deadline=soon)
    assert _state(paging, soon) is PageState.RESOLVED


def test_what_is_said_of_an_unknown_key_is_accepted_and_dropped(paging: PagingProvider, soon: Deadline):
    paging.acknowledge("INC-2026-999", deadline=soon)
    paging.resolve("INC-2026-999", deadline=soon)
    assert paging.find("INC-2026-999", deadline=soon) is None


def test_a_key_that_is_too_long_stays_one_key(paging: PagingProvider, soon: Deadline):
    long = PAGE.key + "x" * 400
    page = Page(key=long, summary="s" * 3000, source="api " * 200, urgency=Urgency.INFO)
    paging.trigger(page, deadline=soon)
    found = paging.find(long, deadline=soon)
    assert found is not None
    assert len(found.key) == 255
    assert len(found.title) == 1024
    assert found.title.endswith("…")


def test_an_incident_is_opened_by_hand(paging: PagingProvider, soon: Deadline):
    opened = paging.open_incident(PAGE, service="PGEMINI", deadline=soon)
    assert paging.incident(opened.id, deadline=soon) == opened
    assert paging.find(KEY, deadline=soon) == opened


def test_the_state_is_set_by_id_and_setting_it_twice_is_harmless(paging: PagingProvider, soon: Deadline):
    opened = paging.open_incident(PAGE, service="PGEMINI", deadline=soon)
    taken = paging.set_state(opened.id, PageState.ACKNOWLEDGED, deadline=soon)
    assert taken.acknowledged_by == ("DR Console",)
    for _ in range(2):
        done = paging.set_state(opened.id, PageState.RESOLVED, deadline=soon)
        assert done.state is PageState.RESOLVED


def test_a_resolved_incident_cannot_be_acknowledged(paging: PagingProvider, soon: Deadline):
    opened = paging.open_incident(PAGE, service="PGEMINI", deadline=soon)
    paging.set_state(opened.id, PageState.RESOLVED, deadline=soon)
    with pytest.raises(ProviderError) as caught:
        paging.set_state(opened.id, PageState.ACKNOWLEDGED, deadline=soon)
    assert (caught.value.code, caught.value.permanent) == ("1001", True)


def test_notes_are_added_and_read(paging: PagingProvider, soon: Deadline):
    opened = paging.open_incident(PAGE, service="PGEMINI", deadline=soon)
    note = paging.add_note(opened.id, "已切换到加州", deadline=soon)
    assert paging.notes(opened.id, deadline=soon) == [note]
    assert (note.text, note.by) == ("已切换到加州", "DR Console")


def test_an_incident_that_is_not_there_is_not_found(paging: PagingProvider, soon: Deadline):
    with pytest.raises(ProviderError) as caught:
        paging.incident("QNOTHING", deadline=soon)
    assert caught.value.problem is Problem.NOT_FOUND


def test_who_is_on_call_comes_level_by_level(paging: PagingProvider, soon: Deadline):
    people = paging.on_call(deadline=soon)
    assert [(one.level, one.name) for one in people][:2] == [(1, "On-call engineer"), (2, "Technical lead")]
    assert people[0].schedule == "On-call engineers"
    assert people[0].until is not None
    assert people[1].until is None


def test_the_secret_of_a_subscription_is_shown_once(paging: PagingProvider, soon: Deadline):
    made = paging.subscribe("http://127.0.0.1:8000/hooks/pagerduty", service="PGEMINI", deadline=soon)
    assert made.secret
    assert made.secret not in repr(made)
    (listed,) = paging.subscriptions(deadline=soon)
    assert (listed.id, listed.url, listed.active, listed.secret) == (made.id, made.url, True, "")
    assert "incident.acknowledged" in listed.events
    for _ in range(2):  # one that is gone already is as good as removed
        paging.unsubscribe(made.id, deadline=soon)
    assert paging.subscriptions(deadline=soon) == []


def test_the_checks_find_everything_in_order(paging: PagingProvider, soon: Deadline):
    findings = [finding for check in checks.CHECKS for finding in check(soon)]
    states = {str(finding): finding.state.value for finding in findings}
    assert list(states.values()) == ["ok", "ok", "ok", "ok", "not_set"], states


# --- What goes wrong ------------------------------------------------------------------------------


def trigger(deadline: Deadline) -> Any:
    return PagerDuty().trigger(PAGE, deadline=deadline)


def read(deadline: Deadline) -> Any:
    return PagerDuty().incident("Q1", deadline=deadline)


def note(deadline: Deadline) -> Any:
    return PagerDuty().add_note("Q1", "text", deadline=deadline)


def refusal(ask: Callable[[Deadline], Any], deadline: Deadline) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        ask(deadline)
    return caught.value


def test_an_invalid_event_is_never_sent_again(on_the_wire: respx.MockRouter, soon: Deadline):
    problem = "Length of 'routing_key' is incorrect (should be 32 characters)"
    body = {"status": "invalid event", "message": "Event object is invalid", "errors": [problem]}
    route = on_the_wire.post(f"{EVENTS}/v2/enqueue").respond(400, json=body)
    error = refusal(trigger, soon)
    assert route.call_count == 1
    assert (error.permanent, error.code, error.outcome) == (True, "invalid event", Outcome.NOTHING)
    assert problem in str(error)


@pytest.mark.parametrize("first", [429, 500, 503, httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.ConnectError])
def test_an_event_is_sent_again_as_its_key_makes_that_harmless(
    on_the_wire: respx.MockRouter, soon: Deadline, first: Any
):
    done = httpx.Response(202, json={"status": "success", "message": "Event processed", "dedup_key": KEY})
    begin = httpx.Response(first) if isinstance(first, int) else first("no")
    route = on_the_wire.post(f"{EVENTS}/v2/enqueue").mock(side_effect=[begin, done])
    assert trigger(soon) == KEY
    assert route.call_count == 2
    bodies = [sent(call.request) for call in route.calls]
    assert bodies[0] == bodies[1]


def test_a_note_whose_answer_was_lost_is_not_written_twice(on_the_wire: respx.MockRouter, soon: Deadline):
    route = on_the_wire.post(f"{PAGERDUTY}/incidents/Q1/notes").mock(side_effect=httpx.ReadTimeout("no"))
    error = refusal(note, soon)
    assert route.call_count == 1
    assert (error.problem, error.outcome) == (Problem.TIMED_OUT, Outcome.UNKNOWN)


def test_the_wait_that_is_asked_for_is_passed_on(on_the_wire: respx.MockRouter):
    body = {"error": {"code": 2020, "message": "Rate Limit Exceeded"}}
    on_the_wire.get(f"{PAGERDUTY}/incidents/Q1").respond(429, json=body, headers={"Retry-After": "30"})
    error = refusal(read, Deadline.after(2))
    assert (error.problem, error.code, error.permanent) == (Problem.THROTTLED, "2020", False)
    assert error.retry_after == 30


def test_the_errors_of_rest_are_told_word_for_word(on_the_wire: respx.MockRouter, soon: Deadline):
    body = {"error": {"code": 2001, "message": "Invalid Input Provided", "errors": ["Content cannot be empty."]}}
    on_the_wire.post(f"{PAGERDUTY}/incidents/Q1/notes").respond(400, json=body)
    error = refusal(note, soon)
    assert (error.code, error.said) == ("2001", "Invalid Input Provided; Content cannot be empty.")


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_is_a_matter_of_credentials(on_the_wire: respx.MockRouter, soon: Deadline, status: int):
    body = {"error": {"code": 2006, "message": "Unauthorized"}}
    on_the_wire.get(f"{PAGERDUTY}/incidents/Q1").respond(status, json=body)
    error = refusal(read, soon)
    assert (error.problem, error.permanent) == (Problem.CREDENTIALS, True)


@pytest.mark.parametrize(
    "body", ["", "<html>Bad gateway</html>", "[]", "{}", '{"incident": null}', '{"incident": {"id": 5}}', '"yes"']
)
def test_an_answer_of_another_shape_is_garbled_and_quoted(on_the_wire: respx.MockRouter, soon: Deadline, body: str):
    on_the_wire.get(f"{PAGERDUTY}/incidents/Q1").respond(200, text=body)
    error = refusal(read, soon)
    assert error.problem is Problem.GARBLED
    assert body[:20] in error.said


@pytest.mark.parametrize("ask", [trigger, note])
def test_no_secret_is_told(on_the_wire: respx.MockRouter, settings: Any, ask: Callable[[Deadline], Any]):
    settings.DR_CREDENTIALS = {
        **settings.DR_CREDENTIALS,
        "pagerduty": {"token": "hunter2-token", "routing_key": "hunter2-key", "from_email": "a@example.com"},
    }

    def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, text=f"{request.headers} {request.content.decode()}")

    on_the_wire.route().mock(side_effect=echo)
    error = refusal(ask, Deadline.after(2))
    assert "hunter2" not in f"{error} {error!r} {error.facts()}"


def test_a_setting_that_is_missing_is_named(settings: Any, soon: Deadline):
    keys = {"token": "", "routing_key": "", "from_email": ""}
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "pagerduty": keys}
    for ask, setting in ((trigger, "DR_PAGERDUTY_ROUTING_KEY"), (read, "DR_PAGERDUTY_TOKEN")):
        error = refusal(ask, soon)
        assert (error.problem, error.said) == (Problem.SETTINGS, setting)


def test_the_pages_of_a_list_are_read_to_the_end(on_the_wire: respx.MockRouter, soon: Deadline):
    answers = PagerDutyAnswers()
    page = answers.rest(httpx.Request("GET", f"{PAGERDUTY}/oncalls", headers={"Authorization": "Token token=x"})).json()
    pages = [httpx.Response(200, json={**page, "more": more}) for more in (True, True, False)]
    route = on_the_wire.get(f"{PAGERDUTY}/oncalls").mock(side_effect=pages)
    assert len(PagerDuty().on_call(deadline=soon)) == 6
    assert [call.request.url.params["offset"] for call in route.calls] == ["0", "100", "200"]


def test_a_lost_answer_in_the_sandbox_rings_once(in_sandbox: Sandbox, soon: Deadline):
    fault = {
        "kind": "timeout-after-effect",
        "vendor": "pagerduty",
        "route": "POST */enqueue",
        "seconds": 600,
        "times": 1,
    }
    in_sandbox.post("/faults", {**fault, "seconds": 2})
    assert trigger(soon) == KEY
    effects = in_sandbox.get("/truth/effects", vendor="pagerduty")["effects"]
    assert [(one["what"], one["detail"]["new"]) for one in effects] == [
        ("events.trigger", True),
        ("events.trigger", False),
    ]


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("short", 10, "short"),
        ("two  words\nhere", 20, "two words here"),
        ("one two three", 10, "one two…"),
        ("x" * 100, 10, "x" * 9 + "…"),
        ("值班" * 10, 5, "值班值班…"),
    ],
)
def test_what_is_too_long_is_cut_at_a_word(text: str, most: int, expected: str):
    assert cut(text, most) == expected


def test_keys_that_differ_only_at_their_end_stay_different():
    one, other = (whole_key("x" * 300 + end) for end in ("1", "2"))
    assert one != other
    assert len(one) == len(other) == 255


def test_details_that_are_too_long_are_cut_and_counted(on_the_wire: respx.MockRouter, soon: Deadline):
    done = {"status": "success", "message": "Event processed", "dedup_key": KEY}
    route = on_the_wire.post(f"{EVENTS}/v2/enqueue").respond(202, json=done)
    details = {f"{number}": "x" * 100_000 for number in range(10)}
    PagerDuty().trigger(Page(KEY, "s", "s", details=details), deadline=soon)
    request = route.calls.last.request
    assert len(request.content) < 512 * 1024
    assert sent(request)["payload"]["custom_details"]["…"] == "8 more were too long to send"


def _state(paging: PagingProvider, deadline: Deadline) -> PageState | None:
    found = paging.find(KEY, deadline=deadline)
    return found.state if found else None
