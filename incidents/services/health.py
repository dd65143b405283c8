"""Keep what health checks find: the samples, and the present state of every endpoint from every place."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.timezone import now

from dr_console.live.publish import nudge
from dr_console.providers.capabilities.probe import ProbeResult, Target
from dr_console.providers.deadlines import Deadline
from dr_console.providers.probe import probe_all
from incidents.figures import Sample, pack_samples
from incidents.models import EndpointState, ProbeLocation, ProbeRound, ServiceEndpoint

State = EndpointState.State
Kind = ProbeRound.Kind

BAD_ROUNDS = 3
NUDGED_EVERY_SECONDS = 1.0
MOST_SAID = 300


@dataclass(frozen=True)
class Canaries:
    """Independent hosts: how many a place asked, and how many answered."""

    asked: int = 0
    good: int = 0


def record_round(
    location: str,
    at: datetime,
    results: Mapping[int, ProbeResult],
    *,
    canaries: Canaries | None = None,
    kind: ProbeRound.Kind = Kind.ROUND,
) -> bool:
    """Keep one round of checks, and bring the states up to date. True if somebody who looks on sees a change.

    `results`: by the endpoint's primary key. `canaries` is None where they were not asked. One short transaction:
    whoever decides about the round does so after it.
    """
    with transaction.atomic():
        place = _heard_from(location, at, canaries)
        counted = canaries or Canaries()
        ProbeRound.objects.create(
            location=location,
            at=at,
            kind=kind,
            canaries_asked=counted.asked,
            canaries_good=counted.good,
            samples=pack_samples({endpoint: as_sample(result) for endpoint, result in results.items()}),
        )
        has_changed = _advance_states(location, at, results) or place
        _news.tell(has_changed)
    return has_changed


def as_sample(result: ProbeResult) -> Sample:
    return Sample(_milliseconds(result), result.status, result.failure)


def target_of(endpoint: ServiceEndpoint) -> Target:
    """What a health check of the endpoint asks, and which answer is good."""
    return Target(endpoint.url, statuses=(endpoint.expected_status, endpoint.expected_status))


def ask_now(what: str | Iterable[ServiceEndpoint], location: str = "") -> list[ProbeResult]:
    """Check endpoints, or one address, at once from here, all side by side; results in their order.

    What is found of an endpoint is kept as a sample of this place. Never raises for what the target does. Takes up to
    DR_PROBE_TIMEOUT_SECONDS; not to be called in a transaction.
    """
    location, at = location or settings.DR_PROBE_LOCATION, now()
    if isinstance(what, str):
        endpoints = list(ServiceEndpoint.objects.filter(url=what)[:1])
        targets = [target_of(endpoints[0]) if endpoints else Target(what)]
    else:
        endpoints = list(what)
        targets = [target_of(endpoint) for endpoint in endpoints]
    deadline = Deadline.after(settings.DR_PROBE_TIMEOUT_SECONDS)
    results = asyncio.run(probe_all(targets, deadline=deadline))
    if endpoints:
        found = {endpoint.pk: result for endpoint, result in zip(endpoints, results, strict=True)}
        record_round(location, at, found, kind=Kind.ASKED)
    return results


def _heard_from(location: str, at: datetime, canaries: Canaries | None) -> bool:
    """Note that the place has asked. True if it is cut off since now, or no longer."""
    place, _is_new = ProbeLocation.objects.get_or_create(name=location)
    was_cut_off = place.is_cut_off
    place.at = at
    changed = ["at"]
    if canaries is not None:
        place.canaries_asked, place.canaries_good, place.canaries_at = canaries.asked, canaries.good, at
        changed += ["canaries_asked", "canaries_good", "canaries_at"]
    place.save(update_fields=changed)
    return place.is_cut_off != was_cut_off


def _advance_states(location: str, at: datetime, results: Mapping[int, ProbeResult]) -> bool:
    """True if a state or the reason of a failure is another one now."""
    # Locked, because a step of a run may ask at the same moment as the rounds do.
    kept = EndpointState.objects.select_for_update().filter(location=location, endpoint__in=results)
    states = {state.endpoint_id: state for state in kept}
    # An endpoint may be gone from the database between being asked and being written.
    known = ServiceEndpoint.ever.filter(pk__in=set(results) - set(states)).values_list("pk", flat=True)
    states |= {pk: EndpointState(endpoint_id=pk, location=location) for pk in known}
    has_changed = False
    for endpoint, state in states.items():
        before = (state.state, state.failure)
        advance(state, results[endpoint], at)
        has_changed = has_changed or before != (state.state, state.failure)
    _write(states.values())
    return has_changed


def advance(state: EndpointState, result: ProbeResult, at: datetime) -> None:
    """Let one more result count. Down after three bad ones in a row, up again after DR_PROBE_GOOD_ROUNDS good ones."""
    was_good = state.good_streak > 0
    if result.ok:
        state.good_streak, state.bad_streak = state.good_streak + 1, 0
    else:
        state.good_streak, state.bad_streak = 0, state.bad_streak + 1
    if state.streak_began_at is None or was_good != result.ok:
        state.streak_began_at = at
    becomes = _next_state(state)
    if becomes != state.state:
        state.state, state.since = becomes, at
    _note(state, result, at)


def _next_state(state: EndpointState) -> EndpointState.State:
    if state.bad_streak:
        is_down = state.bad_streak >= BAD_ROUNDS or state.state == State.DOWN
        return State.DOWN if is_down else State.SUSPECT
    recovers = state.state == State.DOWN and state.good_streak < settings.DR_PROBE_GOOD_ROUNDS
    return State.DOWN if recovers else State.UP


def _note(state: EndpointState, result: ProbeResult, at: datetime) -> None:
    """The details of the last check."""
    state.at = at
    state.milliseconds = _milliseconds(result)
    state.status = result.status
    state.failure = result.failure.value if result.failure else ""
    state.phase = result.phase.value if result.phase else ""
    state.said = result.said[:MOST_SAID]
    state.answered_by = result.edge.vercel_region[:60]
    if result.certificate is not None:
        state.certificate_expires_at = result.certificate.expires_at


WRITTEN = (
    "state",
    "bad_streak",
    "good_streak",
    "streak_began_at",
    "since",
    "at",
    "milliseconds",
    "status",
    "failure",
    "phase",
    "said",
    "answered_by",
    "certificate_expires_at",
)


def _write(states: Iterable[EndpointState]) -> None:
    """All in one statement, however many."""
    EndpointState.objects.bulk_create(
        [_bare(state) for state in states],
        update_conflicts=True,
        unique_fields=["endpoint", "location"],
        update_fields=WRITTEN,
    )


def _bare(state: EndpointState) -> EndpointState:
    """The same row without its primary key, so that rows that are there and new ones go into one statement."""
    facts = {name: getattr(state, name) for name in WRITTEN}
    return EndpointState(endpoint_id=state.endpoint_id, location=state.location, **facts)


def _milliseconds(result: ProbeResult) -> float:
    return round(result.timings.whole * 1000, 1)


class _News:
    """Tells pages of changes, no more than once a second; what came sooner is told with the next round."""

    def __init__(self) -> None:
        self._told_at = float("-inf")
        self._is_waiting = False

    def tell(self, has_changed: bool) -> None:
        self._is_waiting = self._is_waiting or has_changed
        if self._is_waiting and time.monotonic() - self._told_at >= NUDGED_EVERY_SECONDS:
            nudge("console", "health")
            self._told_at, self._is_waiting = time.monotonic(), False


_news = _News()
