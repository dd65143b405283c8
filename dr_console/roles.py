"""Who may do what, as one table. `people.services.sync_roles` writes it into Django's groups."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Role:
    """One role: its name for people, a sentence on what it may, and permissions as "app_label.codename"."""

    label: str | Promise
    may: str | Promise
    permissions: frozenset[str]


VIEWER = frozenset({"plans.view_plan", "incidents.view_incident", "runs.view_run", "notifications.view_delivery"})
MANAGER = VIEWER | {"plans.change_metadata", "audit.view_auditentry"}
RESPONDER = VIEWER | {"incidents.respond_to_incident", "incidents.cover_on_call"}
COMMANDER = RESPONDER | {
    "incidents.command_incident",
    "incidents.change_on_call",
    "incidents.publish_update",
    "incidents.change_alert_source",
    "operations.check_providers",
    "sandbox_page.change_world",
    "incidents.declare_incident",
    "incidents.start_failover",
    "incidents.change_degradation_level",
    "incidents.test_channel",
    "notifications.send_again",
    "runs.control_run",
    "runs.approve_step",
    "runs.change_interlock",
}
ADMINISTRATOR = COMMANDER | MANAGER | {"plans.change_plan", "people.manage", "notifications.set_up_channels"}

ROLES: dict[str, Role] = {
    "viewer": Role(_("Viewer"), _("Reads everything but the audit log."), VIEWER),
    "manager": Role(
        _("Manager"), _("Also signs off drills, edits what the plan says about itself, reads the audit log."), MANAGER
    ),
    "responder": Role(_("Responder"), _("Works checklists, timelines and postmortems."), RESPONDER),
    "commander": Role(_("Commander"), _("Also declares, takes command, runs failover and restore."), COMMANDER),
    "administrator": Role(
        _("Administrator"), _("Everything, and manages people, the plan and settings."), ADMINISTRATOR
    ),
}
