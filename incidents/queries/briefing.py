"""What somebody who takes command over has to know at once: read from the incident, kept as it was accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timezone import now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_noop as _

from dr_console.runs.models import Run
from dr_console.web.sentences import Sentence, in_language, sentence, spoken
from incidents.models import CommandDecision, Incident, UpdateDue
from incidents.queries.checklist import shown_checklist
from incidents.queries.incident import runs_of

MOST_EVENTS = 10
MOST_OF_A_KIND = 20
# In no reader's language: JSON, of Sentences, of Texts, and of what people wrote.
Facts = dict[str, Any]


def briefing_facts(incident: Incident) -> Facts:
    """Everything that a briefing says, as it is now. At most eleven queries."""
    return {
        "at": now().isoformat(),
        "severity": incident.severity,
        "status": incident.status,
        "commander": str(incident.commander or ""),
        "run": _run(incident),
        "events": _events(incident),
        "checklist": _checklist(incident),
        "decisions": _decisions(incident),
        "asks": _asks(incident),
        "next_due": _next_due(incident),
    }


@dataclass(frozen=True)
class Line:
    """`who`: empty for the console. `at`: when it happened, or when it is due; None where no time is set."""

    words: str
    at: datetime | None = None
    who: str = ""
    is_late: bool = False


@dataclass(frozen=True)
class Briefing:
    """In the reader's language. `at`: what time it tells of."""

    at: datetime
    severity: str
    status: str
    commander: str
    run: str
    events: list[Line]
    checklist: list[Line]
    decisions: list[Line]
    asks: list[Line]
    next_due: Line | None


def told(facts: Mapping[str, Any]) -> Briefing:
    """The briefing that these facts make."""
    at = _moment(facts["at"]) or now()
    due = facts["next_due"]
    lines = {part: [_line(one, at) for one in facts[part]] for part in ("events", "checklist", "decisions", "asks")}
    return Briefing(
        at=at,
        severity=facts["severity"],
        status=str(Incident.Status(facts["status"]).label),
        commander=facts["commander"],
        run=_run_words(facts["run"]),
        next_due=_line(due, at) if due else None,
        **lines,
    )


def _line(fact: Mapping[str, Any], at: datetime) -> Line:
    words = fact.get("text") or spoken(fact.get("said")) or in_language(fact.get("texts"))
    when = _moment(fact.get("at"))
    return Line(words, when, fact.get("who", ""), bool(fact.get("is_due") and when and when <= at))


def _run_words(run: Mapping[str, Any] | None) -> str:
    """Empty where nothing has been started."""
    if run is None:
        return ""
    names = {"title": in_language(run["titles"]), "run": run["code"], "state": Run.State(run["state"]).label}
    return _now("%(title)s (run %(run)s): %(state)s") % names


def _moment(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None


def _run(incident: Incident) -> Facts | None:
    runs = runs_of(incident)
    return {"code": runs[0].code, "titles": runs[0].titles, "state": runs[0].state} if runs else None


def _events(incident: Incident) -> list[Facts]:
    """The last ten, oldest first."""
    newest = incident.timeline.current().select_related("author").order_by("-at", "-pk")[:MOST_EVENTS]
    return [
        {"at": entry.at.isoformat(), "said": entry.said, "text": entry.text, "who": str(entry.author or "")}
        for entry in reversed(newest)
    ]


def _checklist(incident: Incident) -> list[Facts]:
    items = shown_checklist(incident).open_items()[:MOST_OF_A_KIND]
    return [
        {
            "texts": item.texts,
            "at": item.due_at and item.due_at.isoformat(),
            "is_due": True,
            "who": str(item.owner or ""),
        }
        for item in items
    ]


def _decisions(incident: Incident) -> list[Facts]:
    waiting = incident.command_decisions.filter(state=CommandDecision.State.OPEN).select_related("asked_by")
    return [
        {"text": one.question, "at": one.asked_at.isoformat(), "who": str(one.asked_by)}
        for one in waiting[:MOST_OF_A_KIND]
    ]


def _asks(incident: Incident) -> list[Facts]:
    waiting = incident.asks.open().select_related("person")[:MOST_OF_A_KIND]
    return [{"text": one.text, "at": one.due_at.isoformat(), "is_due": True, "who": str(one.person)} for one in waiting]


def _next_due(incident: Incident) -> Facts | None:
    """What falls due first, or has been due for the longest."""
    dues = sorted(_dues(incident), key=lambda due: due[0])
    if not dues:
        return None
    at, said = dues[0]
    return {"at": at.isoformat(), "said": said, "is_due": True}


def _dues(incident: Incident) -> Iterator[tuple[datetime, Sentence]]:
    for asked in incident.asks.open().select_related("person")[:1]:
        yield asked.due_at, sentence(_("%(name)s: %(task)s"), name=str(asked.person), task=asked.text)
    for item in shown_checklist(incident).open_items():
        if item.due_at:
            yield item.due_at, sentence(_("Checklist: %(item)s"), item=item.texts)
    for due in UpdateDue.objects.filter(incident=incident, at__isnull=False).order_by("at")[:1]:
        assert due.at is not None
        yield due.at, sentence(_("Status update"))
