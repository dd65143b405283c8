"""What a severity sets in motion, and what follows when an incident goes on to another state, in words.

It is shown before it is done: on the form that declares, and where a severity or a state is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dr_console.notifications.models import Channel
from dr_console.web.times import duration
from dr_console.web.words import listed
from incidents.ladder import Happened, Kind, Reach
from incidents.models import (
    EscalationPolicy,
    Incident,
    PostmortemRule,
    Severity,
    UpdateCadence,
)
from incidents.queries.callees import Directory
from incidents.queries.checklist import fitting_template, shown_checklist
from incidents.queries.escalation_simulation import first_round
from incidents.queries.lifecycle import postmortem_rule

Line = tuple[str, str]


@dataclass(frozen=True)
class Change:
    """One line of what differs between two severities."""

    label: str
    before: str
    after: str


def of_severities(failure: str = "") -> dict[str, list[Line]]:
    """For each severity what it sets in motion, each as a label and a text. `failure`: the kind, where it is known."""
    paged, cadences = _paged(), _cadences()
    rules = {rule.severity: rule for rule in PostmortemRule.objects.filter(template__retired_at=None)}
    return {
        severity.value: [
            *paged.get(severity.value, [(_("Told at once"), _("nobody"))]),
            (_("Checklist"), _checklist(severity, failure)),
            (_("Status updates"), cadences.get(severity.value, _("when there is news"))),
            (_("Postmortem"), _postmortem(rules.get(severity.value))),
        ]
        for severity in Severity
    }


def changes(incident: Incident) -> dict[str, list[Change]]:
    """For each other severity what would be different, against what the incident is taken for now."""
    found = of_severities(incident.failure)
    before = dict(found[incident.assumed_severity.value])
    return {
        severity: [Change(label, before.get(label, "–"), text) for label, text in lines if before.get(label) != text]
        for severity, lines in found.items()
        if severity != incident.severity
    }


def _paged() -> dict[str, list[Line]]:
    """Who would hear of it if it began now, climbed as it would be: with rotations and quiet hours of this moment."""
    policies = EscalationPolicy.objects.current().select_related("fallback").prefetch_related("levels")
    at, directory = now(), Directory()
    return {policy.severity: _of_ladder(policy, first_round(policy, at, directory), at) for policy in policies}


def _of_ladder(policy: EscalationPolicy, happened: list[Happened], at: datetime) -> list[Line]:
    steps = [one for one in happened if one.kind == Kind.LEVEL_STARTED]
    first, later = steps[:1], steps[1:]
    lines = [(_("Told at once"), _told(first[0].reach, at) if first else _("nobody: call somebody"))]
    if later:
        lines.append((_("If nobody answers"), listed([_told_later(one, at) for one in later])))
    return [*lines, (_("Answer within"), duration(policy.respond_within))]


def _told(reach: Reach, at: datetime) -> str:
    by = dict.fromkeys(str(Channel(way.channel).label) for person in reach.people for way in person.ways)
    names = {"who": listed([person.name for person in reach.people]), "channels": listed(by)}
    if reach.heard_at(at) > at:
        waits = duration(reach.heard_at(at) - at)
        return _("%(who)s, by %(channels)s, when their quiet hours end in %(time)s") % {**names, "time": waits}
    return _("%(who)s, by %(channels)s") % names


def _told_later(one: Happened, at: datetime) -> str:
    names = listed([person.name for person in one.reach.people])
    return _("%(who)s after %(time)s") % {"who": names, "time": duration(one.reach.heard_at(one.at) - at)}


def _checklist(severity: Severity, failure: str) -> str:
    template = fitting_template(severity, failure)
    return template.name if template is not None else _("none")


def _cadences() -> dict[str, str]:
    found: dict[str, list[str]] = {}
    owed = UpdateCadence.objects.filter(policy__retired_at=None).select_related("policy")
    for one in owed.order_by("policy__position"):
        names = {"audience": one.policy.name, "time": duration(timedelta(minutes=one.every_minutes))}
        found.setdefault(one.severity, []).append(_("%(audience)s every %(time)s") % names)
    return {severity: listed(texts) for severity, texts in found.items()}


def _postmortem(rule: PostmortemRule | None) -> str:
    if rule is None:
        return _("none is owed")
    if rule.working_days_only:
        text = ngettext("within %(days)d working day of its end", "within %(days)d working days of its end", rule.days)
    else:
        text = ngettext("within %(days)d day of its end", "within %(days)d days of its end", rule.days)
    return text % {"days": rule.days}


# --- What follows a change of state ---------------------------------------------------------------------------------
def of_change(incident: Incident, verb: str) -> list[str]:
    """What a person should know before they press. `verb`: mitigate, resolve, close, reopen or unmerge."""
    return list(_FOLLOWS[verb](incident))


def _of_mitigating(incident: Incident) -> Iterator[str]:
    yield _("Everybody who was told of it is told so, and its page at PagerDuty ends.")
    if incident.recovered_at is None:
        yield _("The clock of the recovery target goes on until the console has seen users being served.")


def _of_resolving(incident: Incident) -> Iterator[str]:
    if incident.status == Incident.Status.OPEN:
        yield _("Everybody who was told of it is told so, and its page at PagerDuty ends.")
    yield from _left_open(incident)
    rule = None if incident.is_practice else postmortem_rule(incident.assumed_severity)
    if rule is not None:
        yield _("From then on a postmortem is owed: %(when)s.") % {"when": _postmortem(rule)}


def _of_closing(incident: Incident) -> Iterator[str]:
    yield from _left_open(incident)
    if incident.postmortem_due_at is not None:
        due = {"date": f"{incident.postmortem_due_at:%Y-%m-%d}"}
        yield _("Its postmortem is still owed, by %(date)s (UTC).") % due


def _of_opening_again(incident: Incident) -> Iterator[str]:
    lines = dict(_paged().get(incident.assumed_severity.value, []))
    told = next(iter(lines.values()), "")
    if told:
        yield _("Told again: %(who)s.") % {"who": told}
    yield _("The clock of the recovery target runs on from when it began.")
    if incident.postmortem_due_at is not None:
        yield _("The postmortem is owed from its new end.")


def _left_open(incident: Incident) -> Iterator[str]:
    left = len(shown_checklist(incident).open_items())
    if left:
        text = ngettext(
            "%(left)d item of the checklist is still open.", "%(left)d items of the checklist are still open.", left
        )
        yield text % {"left": left}


_FOLLOWS: dict[str, Callable[[Incident], Iterator[str]]] = {
    "mitigate": _of_mitigating,
    "resolve": _of_resolving,
    "close": _of_closing,
    "reopen": _of_opening_again,
    "unmerge": lambda _incident: iter(()),
}
