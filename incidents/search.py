"""What the palette (Ctrl-K) finds of incidents: by reference and title, and what may be done in the one in view."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db.models import Q
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

from dr_console.runs.queries import shown_run
from dr_console.web.navigation import Found, Person
from incidents.models import Incident
from incidents.queries.actions import Action
from incidents.queries.checklist import shown_checklist
from incidents.queries.command_acts import command_acts
from incidents.queries.incident import runs_of
from incidents.queries.lifecycle_acts import acts
from incidents.queries.next_action import next_action
from incidents.queries.paging_acts import paging_acts

VIEW = "incidents.view_incident"
MOST = 5


def find_incidents(person: Person, text: str) -> Iterator[Found]:
    """The newest first."""
    if not person.has_perm(VIEW):
        return
    known = Q(reference__icontains=text) | Q(title__icontains=text)
    for incident in Incident.objects.filter(known).order_by("-started_at", "-pk")[:MOST]:
        mark = _("DRILL") + " " if incident.is_practice else ""
        yield Found(f"{mark}{incident}", incident.get_absolute_url(), str(incident.get_status_display()), "siren")


def acts_in_view(person: Person, path: str) -> list[Found]:
    """What the person may do in the incident whose page, or a page of which, is at `path`; the next action first."""
    incident = _in_view(path)
    if incident is None or not person.has_perm(VIEW):
        return []
    runs = runs_of(incident)
    found = next_action(incident, shown_run(runs[0]) if runs else None, person, shown_checklist(incident))
    first = [found.primary] if found.primary is not None else []
    others = [*found.others, *acts(incident), *command_acts(incident, person), *paging_acts(incident)]
    known = {action.address: action for action in [*first, *others]}
    allowed = [one for one in known.values() if not one.permission or person.has_perm(one.permission)]
    return list(_found(incident, allowed, found.version))


def _found(incident: Incident, allowed: Iterable[Action], version: int) -> Iterator[Found]:
    for one in allowed:
        fields = {"version": str(version)} if one.how == "press" else None
        yield Found(str(one.label), one.address, incident.reference, one.icon or "arrow-right", posts=fields)


def _in_view(path: str) -> Incident | None:
    try:
        match = resolve(path)
    except Resolver404:
        return None
    reference = match.kwargs.get("reference") if "incidents" in match.app_names else None
    found = Incident.objects.select_related("service", "commander").filter(reference=reference) if reference else None
    return found.first() if found is not None else None
