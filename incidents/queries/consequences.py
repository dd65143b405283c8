"""What a severity sets in motion, and what follows when an incident goes on to another state, in words.

It is shown before it is done: on the form that declares, and where a severity or a state is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dr_console.web.times import duration
from dr_console.web.words import listed
from incidents.models import (
    ChannelKind,
    EscalationPolicy,
    Incident,
    PostmortemRule,
    Severity,
    UpdateCadence,
)
from incidents.queries.checklist import fitting_template, shown_checklist
from incidents.queries.escalation import target_names
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
    names = target_names()
    found = {}
    for policy in EscalationPolicy.objects.current().prefetch_related("levels"):
        level = next(iter(policy.levels.all()), None)
        if level is not None:
            who = listed([names.get(target, target) for target in level.targets])
            by = listed([str(ChannelKind(channel).label) for channel in level.channels])
            found[policy.severity] = [
                (_("Told at once"), _("%(who)s, by %(channels)s") % {"who": who, "channels": by}),
                (_("Answer within"), duration(policy.respond_within)),
            ]
    return found


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
