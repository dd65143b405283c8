"""The pretend account: people, a service, who is on call, and incidents with their life."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dr_console.sandbox.outbox import Message
from dr_console.sandbox.world import World

ROUTING_KEY = "sandbox-routing-key-000000000000"
LEVEL_SECONDS = 30 * 60.0
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass
class Person:
    id: str
    name: str
    email: str
    role: str = "user"
    phone: str = ""


@dataclass
class Entry:
    """One line of an incident's log."""

    id: str
    type: str
    at: float
    agent: str
    channel: dict[str, Any] = field(default_factory=dict)


@dataclass
class Alert:
    id: str
    key: str
    summary: str
    severity: str
    at: float
    status: str = "triggered"
    body: dict[str, Any] = field(default_factory=dict)


@dataclass
class Note:
    id: str
    content: str
    at: float
    by: str


@dataclass
class Incident:
    """`status`: triggered, acknowledged or resolved. `agent` ids: of a person, or of the service's integration."""

    id: str
    number: int
    title: str
    key: str
    routing_key: str
    service: str
    at: float
    urgency: str = "high"
    status: str = "triggered"
    body: str = ""
    level: int = 1
    changed_at: float = 0.0
    resolved_at: float | None = None
    assigned: list[str] = field(default_factory=list)
    acknowledged_by: list[tuple[str, float]] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    log: list[Entry] = field(default_factory=list)
    rung: list[Message] = field(default_factory=list)
    turn: int = 0  # counts changes of who is rung, so that an escalation that was overtaken does nothing

    @property
    def is_open(self) -> bool:
        return self.status != "resolved"


SERVICE, POLICY, SCHEDULE, INTEGRATION, CONSOLE = "PGEMINI", "PPOLICY", "PSCHEDL", "PINTEGR", "PCONSOL"
PEOPLE = (
    Person("PONCALL", "On-call engineer", "oncall@example.com", "user", "5550100"),
    Person("PTECHLD", "Technical lead", "technical-lead@example.com", "admin", "5550101"),
    Person("PCTOCTO", "CTO", "cto@example.com", "admin", "5550102"),
    Person(CONSOLE, "DR Console", "dr-console@example.com", "limited_user"),
)
LEVELS = {1: "PONCALL", 2: "PTECHLD", 3: "PCTOCTO"}

Told = Callable[[str, Incident, str, dict[str, Any]], None]  # event type, incident, agent, more


class Account:
    """Everything that changes an incident goes through here, whoever asks for it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.people = {person.id: person for person in PEOPLE}
        self.incidents: dict[str, Incident] = {}
        self.tell: list[Told] = []
        self._number = itertools.count(1)

    def new_id(self, prefix: str = "Q") -> str:
        return prefix + "".join(self.world.random.choices(ALPHABET, k=13))

    def person(self, id_or_email: str) -> Person | None:
        by_email = next((one for one in self.people.values() if one.email == id_or_email.lower()), None)
        return self.people.get(id_or_email) or by_email

    def open_with(self, key: str, routing_key: str = "") -> Incident | None:
        found = (one for one in self.incidents.values() if one.is_open and one.key == key)
        return next((one for one in found if routing_key in ("", one.routing_key)), None)

    def trigger(self, title: str, key: str, routing_key: str, agent: str, **more: Any) -> Incident:
        now = self.world.clock.now()
        incident = Incident(self.new_id(), next(self._number), title, key, routing_key, SERVICE, now, **more)
        incident.changed_at = now
        self.incidents[incident.id] = incident
        self._log(incident, "trigger", agent)
        self._tell("incident.triggered", incident, agent)
        self._ring(incident)
        return incident

    def acknowledge(self, incident: Incident, agent: str) -> None:
        if not incident.is_open or agent in [who for who, _at in incident.acknowledged_by]:
            return
        incident.status = "acknowledged"
        incident.acknowledged_by.append((agent, self.world.clock.now()))
        incident.turn += 1
        self._changed(incident, "acknowledge", agent, "acknowledged")

    def unacknowledge(self, incident: Incident, agent: str) -> None:
        if incident.status == "acknowledged":
            incident.status, incident.acknowledged_by = "triggered", []
            self._changed(incident, "unacknowledge", agent, "unacknowledged")
            self._ring(incident)

    def resolve(self, incident: Incident, agent: str) -> None:
        if not incident.is_open:
            return
        incident.status, incident.resolved_at = "resolved", self.world.clock.now()
        incident.turn += 1
        for alert in incident.alerts:
            alert.status = "resolved"
        self._changed(incident, "resolve", agent, "resolved")

    def escalate(self, incident: Incident, agent: str, level: int | None = None) -> None:
        """To the next level, or to this one; beyond the last there is nobody."""
        level = level or incident.level + 1
        if not incident.is_open or level not in LEVELS:
            return
        incident.level, incident.status, incident.acknowledged_by = level, "triggered", []
        self._changed(incident, "escalate", agent, "escalated")
        self._ring(incident)

    def reassign(self, incident: Incident, people: list[str], agent: str) -> None:
        incident.status, incident.acknowledged_by = "triggered", []
        self._changed(incident, "assign", agent, "reassigned")
        self._ring(incident, people)

    def annotate(self, incident: Incident, content: str, agent: str) -> Note:
        note = Note(self.new_id(), content, self.world.clock.now(), agent)
        incident.notes.append(note)
        self._log(incident, "annotate", agent, {"type": "note", "summary": content})
        self._tell("incident.annotated", incident, agent, {"note": note})
        return note

    def _changed(self, incident: Incident, entry: str, agent: str, event: str) -> None:
        incident.changed_at = self.world.clock.now()
        self._log(incident, entry, agent)
        for message in incident.rung:
            message.state = incident.status
        self._tell(f"incident.{event}", incident, agent)

    def _ring(self, incident: Incident, people: list[str] | None = None) -> None:
        incident.assigned = people or [LEVELS[incident.level]]
        incident.turn += 1
        for id in incident.assigned:
            person = self.people[id]
            message = self.world.outbox.add(
                "pagerduty", person.email, incident.title, "triggered", incident=incident.id, name=person.name
            )
            incident.rung.append(message)
            self._log(incident, "notify", id)
        turn = incident.turn
        self.world.clock.later(LEVEL_SECONDS, lambda: self._nobody_answered(incident, turn))

    def _nobody_answered(self, incident: Incident, turn: int) -> None:
        if incident.turn == turn and incident.status == "triggered":
            self.escalate(incident, SERVICE)

    def _log(self, incident: Incident, kind: str, agent: str, channel: dict[str, Any] | None = None) -> None:
        entry = Entry(self.new_id("R"), f"{kind}_log_entry", self.world.clock.now(), agent, channel or {"type": "api"})
        incident.log.append(entry)

    def _tell(self, event: str, incident: Incident, agent: str, more: dict[str, Any] | None = None) -> None:
        for told in self.tell:
            told(event, incident, agent, more or {})
