"""How each endpoint stands now, by all the places that can judge it. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.functional import Promise
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from dr_console.providers.capabilities.probe import Failure, Phase, ProbeResult, Timings
from incidents.models import EndpointState, ProbeLocation

State = EndpointState.State
# A state as a badge and in a word.
SHOWN: dict[str, tuple[str, Promise]] = {
    State.UP: ("ok", _("up")),
    State.SUSPECT: ("waiting", _("suspect")),
    State.DOWN: ("failed", _("down")),
    State.UNKNOWN: ("unknown", _("unknown")),
}
PARTLY_DOWN = ("failed", _("partly down"))


@dataclass(frozen=True)
class Standing:
    """`badge` and `word` as {% state %} takes them. `since`: since when, where it is not well."""

    badge: str
    word: Promise | str
    since: datetime | None = None

    @property
    def lasts(self) -> timedelta | None:
        return None if self.since is None else now() - self.since


@dataclass(frozen=True)
class Judges:
    """The places that may judge at a moment: heard of lately, and not cut off."""

    names: frozenset[str]
    heard_after: datetime

    def may(self, state: EndpointState) -> bool:
        return state.location in self.names and state.at is not None and state.at >= self.heard_after


def fresh_after(at: datetime) -> datetime:
    """What was found before is too old to judge by: three intervals, and the time that checks may take."""
    seconds = 3 * (settings.DR_PROBE_INTERVAL_SECONDS + settings.DR_PROBE_TIMEOUT_SECONDS)
    return at - timedelta(seconds=seconds)


def judges(locations: Iterable[ProbeLocation], at: datetime | None = None) -> Judges:
    heard_after = fresh_after(at or now())
    able = (one.name for one in locations if one.at and one.at >= heard_after and not one.is_cut_off)
    return Judges(frozenset(able), heard_after)


def verdict(states: Iterable[EndpointState], judged_by: Judges) -> str:
    """What most places say of one endpoint: one that looks down from one place of three is no more than suspect."""
    seen = [state.state for state in states if judged_by.may(state) and state.state != State.UNKNOWN]
    if not seen:
        return State.UNKNOWN
    if 2 * seen.count(State.DOWN) > len(seen):
        return State.DOWN
    return State.UP if all(one == State.UP for one in seen) else State.SUSPECT


def standing(states_by_endpoint: Mapping[int, list[EndpointState]], judged_by: Judges) -> Standing:
    """Of several endpoints together, such as all of a service in a region: the worst of them."""
    verdicts = [verdict(states, judged_by) for states in states_by_endpoint.values()]
    bad = [state for states in states_by_endpoint.values() for state in states if state.bad_streak]
    since = min((state.streak_began_at for state in bad if state.streak_began_at), default=None)
    if State.DOWN in verdicts and any(one in (State.UP, State.SUSPECT) for one in verdicts):
        return Standing(*PARTLY_DOWN, since)
    for worst in (State.DOWN, State.SUSPECT, State.UNKNOWN):
        if worst in verdicts:
            return Standing(*SHOWN[worst], None if worst == State.UNKNOWN else since)
    return Standing(*SHOWN[State.UP]) if verdicts else Standing(*SHOWN[State.UNKNOWN])


def sentence(state: EndpointState) -> str:
    """Why the last check failed, in the language of the moment; empty where it did not."""
    if not state.failure:
        return ""
    failure, phase = Failure(state.failure), Phase(state.phase) if state.phase else None
    return ProbeResult("", Timings(), failure, phase, status=state.status).sentence
