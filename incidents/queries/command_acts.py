"""What a person may do about who leads and who does what, for the palette."""

from __future__ import annotations

from typing import Literal

from django.urls import reverse
from django.utils.translation import gettext as _

from dr_console.web.navigation import Person
from incidents.models import Incident
from incidents.queries.actions import COMMAND, RESPOND, Action


def command_acts(incident: Incident, person: Person) -> list[Action]:
    """Nothing of an incident that is over."""
    if incident.is_over:
        return []
    is_on_it = incident.roles.filter(person=person.pk, until=None).exists()
    found = [] if is_on_it else [_act(incident, "acknowledge", _("I am on it"), "check", "press")]
    if incident.commander_id is not None and incident.commander_id == person.pk:
        found.append(_act(incident, "offer-command", _("Hand over…"), "arrow-right", permission=COMMAND))
    elif incident.commander_id is not None:
        found.append(_act(incident, "take-command", _("Take over…"), "hand", permission=COMMAND))
    return [
        *found,
        _act(incident, "give-role", _("Who does what…"), "users"),
        _act(incident, "ask", _("Ask somebody…"), "user"),
        _act(incident, "put-up", _("To be decided…"), "list-checks"),
    ]


def _act(
    incident: Incident,
    name: str,
    label: str,
    icon: str,
    how: Literal["ask", "press"] = "ask",
    permission: str = RESPOND,
) -> Action:
    address = reverse(f"incidents:{name}", args=[incident.reference])
    return Action(label, address, how, icon, permission=permission)
