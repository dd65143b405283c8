"""Who leads, who does what, who is here, what is asked of whom and what is to be decided: as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet

from dr_console.live import presence
from incidents.models import Ask, CommandDecision, Handover, Incident, RoleAssignment

Role = RoleAssignment.Role
COMMAND, RESPOND = "incidents.command_incident", "incidents.respond_to_incident"
SINGLE = (Role.DEPUTY, Role.SCRIBE, Role.LIAISON)
MOST_SHOWN = 50
ENDED_SHOWN = 5


def people_who_may(permission: str) -> QuerySet[User]:
    """Active people who have it, by their login."""
    backend = "django.contrib.auth.backends.ModelBackend"
    return User.objects.with_perm(permission, backend=backend).order_by("username").distinct()


@dataclass(frozen=True)
class Command:
    """`may_command`, `may_respond`: what the reader may. `is_on_it`: they have a role in it already."""

    commander: RoleAssignment | None
    roles: list[RoleAssignment]
    on_it: list[RoleAssignment]
    offered: Handover | None
    may_command: bool
    may_respond: bool
    is_on_it: bool

    @property
    def vacant(self) -> list[str]:
        """Roles of one person each that nobody has."""
        held = {one.role for one in self.roles}
        return [str(role.label) for role in SINGLE if role not in held]


def command(incident: Incident, reader: User) -> Command:
    """Two queries, and those of the reader's permissions."""
    held = list(incident.roles.filter(until=None).select_related("person")[:MOST_SHOWN])
    offers = Handover.objects.filter(incident=incident, state=Handover.State.OFFERED)
    return Command(
        commander=next((one for one in held if one.role == Role.COMMANDER), None),
        roles=sorted((one for one in held if one.role in (*SINGLE, Role.EXPERT)), key=_place),
        on_it=[one for one in held if one.role == Role.RESPONDER],
        offered=offers.select_related("giver", "receiver", "incident").first(),
        may_command=reader.has_perm(COMMAND) and not incident.is_over,
        may_respond=reader.has_perm(RESPOND) and not incident.is_over,
        is_on_it=any(one.person_id == reader.pk for one in held),
    )


def _place(assignment: RoleAssignment) -> int:
    return Role.values.index(assignment.role)


def here_now(incident: Incident) -> list[User] | None:
    """Who looks at its pages now; None while nobody can say."""
    found = presence.here(incident.topic)
    if not found:
        return None if found is None else []
    return list(User.objects.filter(pk__in=found, is_active=True).order_by("username")[:MOST_SHOWN])


@dataclass(frozen=True)
class Asks:
    """`open`: those of the reader first, then what is due first. `ended`: the newest of them."""

    open: list[Ask]
    ended: list[Ask]
    may_respond: bool
    may_command: bool


def asks(incident: Incident, reader: User) -> Asks:
    """Two queries."""
    with_people = incident.asks.select_related("person", "asked_by", "ended_by")
    waiting = sorted(with_people.open()[:MOST_SHOWN], key=lambda one: one.person_id != reader.pk)
    ended = with_people.exclude(state__in=Ask.OPEN).order_by("-ended_at", "-pk")[:ENDED_SHOWN]
    may_respond = reader.has_perm(RESPOND) and not incident.is_over
    return Asks(waiting, list(ended), may_respond, may_respond and reader.has_perm(COMMAND))


@dataclass(frozen=True)
class Decisions:
    """`open`: what waits for longest first. `settled`: the newest first."""

    open: list[CommandDecision]
    settled: list[CommandDecision]
    may_respond: bool
    may_command: bool


def decisions(incident: Incident, reader: User) -> Decisions:
    """Three queries. Each open one comes with its opinions, each settled one with the number of objections."""
    every = incident.command_decisions.select_related("asked_by", "decided_by").annotate(
        objections=Count("opinions", filter=~Q(opinions__objection=""))
    )
    waiting = every.filter(state=CommandDecision.State.OPEN).prefetch_related("opinions__person")[:MOST_SHOWN]
    settled = every.exclude(state=CommandDecision.State.OPEN).order_by("-decided_at", "-pk")[:ENDED_SHOWN]
    may_respond = may_weigh(incident, reader)
    return Decisions(list(waiting), list(settled), may_respond, may_respond and reader.has_perm(COMMAND))


def may_weigh(incident: Incident, reader: User) -> bool:
    """Also once it is over: what was left open may still be settled, until it is closed."""
    return reader.has_perm(RESPOND) and incident.status != Incident.Status.CLOSED
