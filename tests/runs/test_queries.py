"""A run as pages show it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from dr_console.errors import Problem, ProviderError
from dr_console.runs import events, queries, registry
from dr_console.runs.models import Run, Step, StepEvent
from dr_console.runs.registry import Context, Facts, Observation, Sight, StepFunction

pytestmark = pytest.mark.django_db


class Point(StepFunction):
    name = "test.point"

    def observe(self, context: Context) -> Observation:
        return Observation(Sight.MATCHES)

    def undo(self, context: Context) -> Facts:
        return {}


class Look(Point):
    name = "test.look"
    only_looks = True


class Purge(Point):
    name = "test.purge"
    irreversible = True


@pytest.fixture(autouse=True)
def functions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_functions", {})
    monkeypatch.setattr(registry, "_sources", [])  # else those of the apps would be lost with it
    registry.register(Point, Look, Purge)


def run(**fields: Any) -> Run:
    defaults = {"kind": "failover", "subject": "service:api", "trigger": "person", "mode": "sandbox", "generation": 1}
    return Run.objects.create(**{**defaults, "client_token": f"t{Run.objects.count()}", **fields})


def step(of: Run, key: str, **fields: Any) -> Step:
    return of.steps.create(**{"key": key, "position": of.steps.count(), "does": "test.point", **fields})


def event(of: Run, **fields: Any) -> StepEvent:
    last = of.events.order_by("-seq").first()
    new = StepEvent(run=of, seq=last.seq + 1 if last else 1, at=now(), prev_hash=last.hash if last else "", **fields)
    new.hash = events.digest(new)
    new.save()
    return new


def test_it_takes_few_queries_whatever_the_number_of_steps():
    one = run()
    for number in range(12):
        step(one, f"step-{number}")
        event(one, kind="call", step=f"step-{number}", data={"vendor": "Cloudflare"})
    with CaptureQueriesContext(
        connection,
    ) as asked:
        shown = queries.shown_run(one)
        assert len(shown.steps) == 12
        assert shown.graph.boxes
    assert len(asked) <= 3


def test_a_step_shows_the_last_thing_that_a_vendor_was_asked():
    one = run()
    step(one, "dns", attempt=3)
    for status in (500, 200):
        event(one, kind="call", step="dns", data={"vendor": "Cloudflare", "status": status})
    (shown,) = queries.shown_run(one).steps
    assert (shown.last_call, shown.calls, shown.retries) == ({"vendor": "Cloudflare", "status": 200}, 2, 2)


def test_an_error_is_told_in_words():
    one = run(state="paused_by_failed_step")
    error = ProviderError("Cloudflare", "change the DNS record", Problem.THROTTLED, status=429)
    step(one, "dns", state="failed", error=error.facts())
    shown = queries.shown_run(one)
    assert shown.stuck is not None
    assert "too many calls" in shown.stuck.error
    assert shown.stuck.may == ("retry", "mark_done", "skip", "ignore")


def test_what_changed_something_can_be_undone_for_an_hour():
    one = run(state="succeeded", ended_at=now() - timedelta(minutes=59))
    step(one, "dns", state="succeeded", before={"content": "tokyo"})
    assert queries.shown_run(one).may == ("undo",)
    one.ended_at = now() - timedelta(minutes=61)
    assert queries.shown_run(one).may == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"is_noop": True},
        {"before": None},
        {"does": "test.look"},
        {"does": "test.purge"},
        {"does": "test.of-another-version"},
    ],
    ids=["found so", "nothing kept", "only looked", "irreversible", "unknown function"],
)
def test_what_changed_nothing_or_for_ever_cannot(fields):
    one = run(state="succeeded", ended_at=now())
    step(one, "dns", **{"state": "succeeded", "before": {"content": "tokyo"}, **fields})
    assert queries.shown_run(one).undo_until is None


def test_what_is_left_is_counted_along_the_longest_way():
    one = run()
    step(one, "a", expected_seconds=3.0)
    step(one, "b", expected_seconds=10.0)
    step(one, "c", depends_on=["a", "b"], expected_seconds=1.0)
    step(one, "done", state="succeeded", expected_seconds=99.0)
    assert queries.shown_run(one).expected_left == timedelta(seconds=11)


def test_nothing_is_promised_where_a_step_never_ran():
    one = run()
    step(one, "a", expected_seconds=3.0)
    step(one, "b")
    assert queries.shown_run(one).expected_left is None


def test_the_log_is_whole_until_somebody_touches_it():
    one = run()
    for kind in ("started", "claimed", "acted", "succeeded"):
        event(one, kind=kind, step="dns", data={"seconds": 0.25, "hosts": ["a", "b"]})
    assert queries.verify_chain(one) is None
    StepEvent.objects.filter(run=one, seq=3).update(data={"seconds": 0.5, "hosts": ["a", "b"]})
    assert queries.verify_chain(one) == 3


def test_a_line_that_was_taken_out_is_missed():
    one = run()
    for kind in ("started", "claimed", "acted"):
        event(one, kind=kind)
    StepEvent.objects.filter(run=one, seq=2).delete()
    assert queries.verify_chain(one) == 2
