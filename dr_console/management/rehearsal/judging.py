"""Was every objective met, and does the console say what really happened? Pure: facts in, lines of the report out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dr_console.management.rehearsal.facts import Happened, Terms, Told
from dr_console.management.rehearsal.report import Line, Unit

GOOD_ENDS = ("succeeded", "succeeded_with_exceptions")
AUTOMATIC = ("failover",)


def judge(terms: Terms, told: Told, happened: Happened) -> list[Line]:
    """The report's lines, in the order of what happened."""
    acting = _acted if terms.must_act else _refused
    return [*acting(terms, told, happened), *_harm(told, happened)]


def _acted(terms: Terms, told: Told, happened: Happened) -> Iterator[Line]:
    close = _closer_than(terms.tolerance_seconds)
    since_told, since_true = _since(told.started_at), _since(happened.first_failed_at)
    detected = since_told(told.detected_at)
    yield Line(
        key="detected_after",
        title="Detected after",
        unit=Unit.SECONDS,
        console=detected,
        truth=since_true(told.detected_at),
        met=detected is not None,
        agrees=close(told.started_at, happened.first_failed_at),
    )
    yield Line(
        key="failed_over_after",
        title="Failed over after",
        unit=Unit.SECONDS,
        console=since_told(told.switched_at),
        truth=since_true(happened.switched_at),
        met=happened.switched_at is not None,
        agrees=close(told.switched_at, happened.switched_at),
    )
    yield from _recovery(terms, told, happened)
    yield _run(told)
    yield _alerts(told, happened)


def _recovery(terms: Terms, told: Told, happened: Happened) -> Iterator[Line]:
    ours = _since(told.started_at)(told.recovered_at)
    both = (ours, happened.rto_seconds)
    yield Line(
        key="rto",
        title="RTO",
        unit=Unit.SECONDS,
        console=ours,
        truth=happened.rto_seconds,
        goal=terms.rto_seconds,
        met=all(each is not None and each <= terms.rto_seconds for each in both),
        agrees=_closer_than(terms.tolerance_seconds)(told.recovered_at, happened.first_good_at),
    )
    yield Line(
        key="verified_after",
        title="Verified after",
        unit=Unit.SECONDS,
        console=_since(told.started_at)(told.verified_at),
        met=told.verified_at is not None,
    )
    yield Line(
        key="rpo",
        title="RPO",
        unit=Unit.SECONDS,
        truth=happened.rpo_seconds,
        goal=terms.rpo_seconds,
        met=happened.rpo_seconds <= terms.rpo_seconds,
    )


def _run(told: Told) -> Line:
    ended = [run for run in told.runs if run.kind in AUTOMATIC]
    return Line(
        key="runs",
        title="Failovers carried out",
        unit=Unit.COUNT,
        console=len(ended),
        goal=1,
        met=len(ended) == 1 and ended[0].state in GOOD_ENDS,
        note=", ".join(f"{run.title} ({run.code}): {run.state}" for run in ended),
    )


def _alerts(told: Told, happened: Happened) -> Line:
    sent, arrived = sum(told.messages.values()), sum(happened.messages.values())
    return Line(
        key="alerts",
        title="Alerts",
        unit=Unit.COUNT,
        console=sent,
        truth=arrived,
        met=arrived > 0 and not told.unsent,
        agrees=told.messages == happened.messages,
        note=", ".join(f"{channel} {count}" for channel, count in sorted(happened.messages.items())),
    )


def _refused(terms: Terms, told: Told, happened: Happened) -> Iterator[Line]:
    started = [run for run in told.runs if run.kind in AUTOMATIC]
    yield Line(
        key="runs",
        title="Failovers started",
        unit=Unit.COUNT,
        console=len(started),
        truth=happened.effects,
        goal=0,
        met=not started and happened.switched_at is None,
        agrees=bool(started) == (happened.switched_at is not None),
        note=", ".join(f"{run.title} ({run.code}): {run.state}" for run in started),
    )
    yield Line(
        key="reasons",
        title="Reasons that it shows",
        unit=Unit.COUNT,
        console=len(told.refusals),
        met=terms.because in told.refusals,
        note="; ".join(told.refusals.values()),
    )


def _harm(told: Told, happened: Happened) -> Iterator[Line]:
    yield Line(
        key="lost_canaries",
        title="Lost writes",
        unit=Unit.COUNT,
        truth=happened.lost,
        goal=0,
        met=happened.lost == 0,
        note=f"{happened.refused} were refused, which users were told" if happened.refused else "",
    )
    yield Line(key="calls", title="Calls made", unit=Unit.COUNT, console=told.calls)
    acted = sum(run.acted for run in told.runs)
    yield Line(
        key="changes",
        title="Changes made",
        unit=Unit.COUNT,
        console=acted,
        truth=happened.effects,
        agrees=bool(acted) == bool(happened.effects),
        note="steps that changed something; things that were changed",
    )
    yield Line(
        key="doubled",
        title="Made twice",
        unit=Unit.COUNT,
        truth=len(happened.doubles),
        goal=0,
        met=not happened.doubles,
        note=", ".join(happened.doubles),
    )
    if happened.as_before is not None:
        yield Line(
            key="put_back",
            title="Put back as it was",
            unit=Unit.COUNT,
            truth=int(happened.as_before),
            goal=1,
            met=happened.as_before,
        )


def _since(began: float | None) -> Callable[[float | None], float | None]:
    return lambda at: None if at is None or began is None else at - began


def _closer_than(seconds: float) -> Callable[[float | None, float | None], bool]:
    return lambda one, other: one is not None and other is not None and abs(one - other) <= seconds
