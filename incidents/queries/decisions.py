"""What the deciding goes by: what was seen, where the last round left off, and what stands in the way of acting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop as _

from dr_console.plans.models import PlanEntry
from dr_console.runs import interlocks
from dr_console.runs.models import Run
from dr_console.web.sentences import Sentence, Texts, sentence
from incidents.gate import Circumstances, Limits
from incidents.models import (
    EndpointState,
    FailoverPlan,
    Incident,
    MaintenanceWindow,
    ProbeLocation,
    Region,
    Service,
)
from incidents.observations import Observations, Place, Rules, Sighting

LANGUAGES = {"en": "en", "zh-hans": "zh_hans"}
A_DAY = timedelta(days=1)
# What ended without having moved anybody makes nothing wait.
CHANGED_NOTHING = (Run.State.NOT_NEEDED, Run.State.PLANNED)
STOPPED_BY_PEOPLE = (Run.State.ABORTED, Run.State.ROLLED_BACK)


def rules() -> Rules:
    """As the settings have them."""
    interval, timeout = settings.DR_PROBE_INTERVAL_SECONDS, settings.DR_PROBE_TIMEOUT_SECONDS
    return Rules(
        fresh=timedelta(seconds=3 * (interval + timeout)),
        rounds=settings.DR_CONFIRM_ROUNDS,
        unsure_for=timedelta(seconds=3 * interval),
    )


def limits() -> Limits:
    return Limits(timedelta(seconds=settings.DR_COOL_DOWN_SECONDS), settings.DR_AUTOMATIC_A_DAY)


# --- What was seen ----------------------------------------------------------------------------------------------------


def observations(at: datetime, serving: Mapping[str, str]) -> Observations:
    """Everything that was found last, everywhere. Four queries. `serving` as in Memory."""
    services, regions = list(Service.objects.current()), list(Region.objects.current())
    names = {f"service:{one.key}": texts(one, "name") for one in services}
    names |= {f"region:{one.key}": texts(one, "name") for one in regions}
    return Observations(
        at=at,
        places=tuple(_place(one) for one in ProbeLocation.objects.all()),
        sightings=tuple(_sightings(services, regions)),
        serving=serving,
        services=tuple(one.key for one in services),
        names=names,
        cold=frozenset(one.key for one in regions if one.status == Region.Status.COLD_STANDBY),
    )


def seen_with(seen: Observations, serving: Mapping[str, str]) -> Observations:
    """The same, knowing where users are now."""
    return replace(seen, serving=serving)


def texts(row: PlanEntry, field: str) -> Texts:
    """What is written in each language of a bilingual field of the plan."""
    found = {language: getattr(row, f"{field}_{suffix}") for language, suffix in LANGUAGES.items()}
    return {language: text for language, text in found.items() if text}


def _place(one: ProbeLocation) -> Place:
    return Place(one.name, one.at, one.canaries_asked, one.canaries_good, one.canaries_at)


def _sightings(services: list[Service], regions: list[Region]) -> Iterable[Sighting]:
    by_id = {one.pk: one for one in services}
    region_keys = {one.pk: one.key for one in regions}
    answering = {name: one.key for one in regions for name in (one.provider_region, one.key) if name}
    states = EndpointState.objects.filter(
        endpoint__retired_at=None, endpoint__service__in=list(by_id), at__isnull=False
    ).select_related("endpoint")
    for state in states:
        service = by_id[state.endpoint.service_id]
        yield _sighting(state, service, region_keys.get(state.endpoint.region_id, ""), answering)


def _sighting(state: EndpointState, service: Service, region: str, answering: Mapping[str, str]) -> Sighting:
    endpoint = state.endpoint
    host = urlsplit(endpoint.url).hostname or endpoint.url
    assert state.at is not None
    return Sighting(
        service=service.key,
        region=region,
        host=host,
        location=state.location,
        at=state.at,
        is_good=state.good_streak > 0,
        is_public=host in service.hostnames,
        is_through_cdn=endpoint.via == endpoint.Via.CDN,
        answered=state.status is not None,
        status=state.status if not state.good_streak else None,
        since=state.streak_began_at,
        streak=max(state.good_streak, state.bad_streak),
        answered_by=answering.get(state.answered_by, ""),
    )


# --- What stands in the way -------------------------------------------------------------------------------------------


def switches(mode: str) -> QuerySet[Run]:
    """Real failovers and failbacks that moved users, or may have, and that nobody has looked at since.

    Who resolves an incident has looked at what was done in it.
    """
    kinds = (Run.Kind.FAILOVER, Run.Kind.FAILBACK)
    moved = Run.objects.filter(kind__in=kinds, mode=mode, is_practice=False).exclude(state__in=CHANGED_NOTHING)
    open_or_none = Q(incidents=None) | ~Q(incidents__status__in=Incident.OVER)
    return moved.filter(open_or_none, looked_at=None).distinct()


def circumstances(
    plan: FailoverPlan | None, incident: Incident, at: datetime, *, changes: int, target_problem: Sentence | None
) -> Circumstances:
    """What the gate looks at, of a failover that the console would start now."""
    if plan is None:
        return Circumstances(at=at, plan=None)
    subject = f"service:{plan.service.key}"
    done = switches(settings.DR_MODE).filter(created_at__gt=at - max(limits().cool_down, A_DAY))
    last = done.order_by("-created_at").first()
    automatic = done.filter(trigger=Run.Trigger.AUTOMATIC, kind=Run.Kind.FAILOVER, created_at__gt=at - A_DAY)
    active = Run.objects.active().filter(subject=subject).first()
    stopped = incident.runs.filter(state__in=STOPPED_BY_PEOPLE, looked_at=None).order_by("-created_at").first()
    return Circumstances(
        at=at,
        plan=texts(plan, "name"),
        is_automatic=plan.automatic,
        stopped_run=stopped.code if stopped else "",
        kill_switch=kill_switch(subject),
        maintenance=maintenance(plan.service, at),
        active_run=active.code if active else "",
        last_switch=last.code if last else "",
        last_switch_at=last.created_at if last else None,
        automatic_a_day=automatic.count(),
        target_problem=target_problem,
        changes=changes,
    )


def kill_switch(subject: str) -> Sentence | None:
    """Why it is on, as somebody wrote it; None while it is off."""
    lock = interlocks.holding(subject)
    return None if lock is None else sentence(_("%(why)s (%(who)s)"), why=lock.reason, who=str(lock.by or "–"))


def maintenance(service: Service | None, at: datetime) -> Sentence | None:
    """The window that the service is in, with its end."""
    window = open_windows(at).filter(Q(service=None) | Q(service=service)).order_by("-ends_at").first()
    if window is None:
        return None
    text = _("Maintenance until %(until)s UTC: %(why)s")
    return sentence(text, until=f"{window.ends_at:%Y-%m-%d %H:%M}", why=window.reason)


def open_windows(at: datetime) -> QuerySet[MaintenanceWindow]:
    return MaintenanceWindow.objects.filter(starts_at__lte=at, ends_at__gt=at).select_related("service", "by")


def unready(urls: list[str], at: datetime) -> tuple[Sentence | None, list[str]]:
    """What is wrong with where users would be led to, by the last two looks from each place that may judge; and which
    of the addresses nobody looks at.
    """
    heard = at - rules().fresh
    able = [one.name for one in ProbeLocation.objects.filter(at__gte=heard) if not one.is_cut_off]
    states = EndpointState.objects.filter(
        endpoint__url__in=urls, endpoint__retired_at=None, location__in=able, at__gte=heard
    ).select_related("endpoint")
    by_url: dict[str, list[bool]] = {}
    for state in states:
        by_url.setdefault(state.endpoint.url, []).append(state.bad_streak < 2)
    bad = [url for url, looks in by_url.items() if 2 * sum(looks) <= len(looks)]
    return (not_ready(bad) if bad else None), [url for url in urls if url not in by_url]


def not_ready(urls: list[str]) -> Sentence:
    hosts = ", ".join(dict.fromkeys(urlsplit(url).hostname or url for url in urls))
    return sentence(_("The standby does not answer well: %(hosts)s"), hosts=hosts)


def facts_of(incident: Incident) -> dict[str, Any]:
    """Its diagnosis, whatever was stored."""
    return incident.diagnosis if isinstance(incident.diagnosis, dict) else {}
