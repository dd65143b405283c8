"""How PagerDuty shows things: https://developer.pagerduty.com/api-reference/."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dr_console.sandbox.pagerduty.account import (
    CONSOLE,
    INTEGRATION,
    LEVEL_SECONDS,
    LEVELS,
    POLICY,
    ROUTING_KEY,
    SCHEDULE,
    SERVICE,
    Account,
    Alert,
    Entry,
    Incident,
    Note,
    Person,
)

WEB = "https://gemini.pagerduty.com"
API = "https://api.pagerduty.com"
BORN = "2025-01-01T00:00:00Z"


# What every incident has and nothing here changes.
ALWAYS: dict[str, Any] = {
    "teams": [],
    "pending_actions": [],
    "alert_grouping": None,
    "is_mergeable": True,
    "incident_type": {"name": "incident_default"},
    "incidents_responders": [],
    "responder_requests": [],
    "subscriber_requests": [],
    "priority": None,
    "resolve_reason": None,
    "conference_bridge": None,
}


def moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def reference(id: str, type: str, plural: str, summary: str, web: str = "") -> dict[str, Any]:
    page = f"{WEB}/{web or plural}/{id}"
    return {
        "id": id,
        "type": f"{type}_reference",
        "summary": summary,
        "self": f"{API}/{plural}/{id}",
        "html_url": page,
    }


def whole(shown: dict[str, Any]) -> dict[str, Any]:
    """A reference as the thing itself."""
    return {**shown, "type": shown["type"].removesuffix("_reference")}


def person_reference(person: Person) -> dict[str, Any]:
    return reference(person.id, "user", "users", person.name)


def service_reference() -> dict[str, Any]:
    return reference(SERVICE, "service", "services", "Gemini Image Toolbox", "service-directory")


def policy_reference() -> dict[str, Any]:
    return reference(POLICY, "escalation_policy", "escalation_policies", "Production")


def schedule_reference() -> dict[str, Any]:
    return reference(SCHEDULE, "schedule", "schedules", "On-call engineers")


def agent_reference(account: Account, agent: str) -> dict[str, Any]:
    if agent in account.people:
        return person_reference(account.people[agent])
    if agent == INTEGRATION:
        path = f"services/{SERVICE}/integrations"
        return reference(INTEGRATION, "events_api_v2_inbound_integration", path, "DR Console")
    return service_reference()


def person(person: Person) -> dict[str, Any]:
    method: dict[str, Any] = {
        "id": "C" + person.id[1:],
        "type": "email_contact_method",
        "address": person.email,
        "label": "Default",
    }
    methods = [{**method, "summary": "Default", "self": f"{API}/users/{person.id}/contact_methods/{method['id']}"}]
    if person.phone:
        path = f"{API}/users/{person.id}/contact_methods/T{person.id[1:]}"
        common = {"id": "T" + person.id[1:], "summary": "Mobile", "label": "Mobile", "self": path, "country_code": 1}
        methods.append({**common, "type": "phone_contact_method", "address": person.phone})
    return {
        **whole(person_reference(person)),
        "name": person.name,
        "email": person.email,
        "time_zone": "Etc/UTC",
        "color": "purple",
        "avatar_url": f"{WEB}/avatar/{person.id}.png",
        "billed": True,
        "role": person.role,
        "description": None,
        "invitation_sent": False,
        "job_title": None,
        "locale": "en-US",
        "created_via_sso": False,
        "teams": [],
        "contact_methods": methods,
        "notification_rules": [],
        "coordinated_incidents": [],
    }


def policy(account: Account) -> dict[str, Any]:
    rules = [
        {
            "id": f"PRULE{level:02}",
            "escalation_delay_in_minutes": int(LEVEL_SECONDS // 60),
            "targets": [schedule_reference() if level == 1 else person_reference(account.people[id])],
        }
        for level, id in LEVELS.items()
    ]
    return {
        **whole(policy_reference()),
        "name": "Production",
        "escalation_rules": rules,
        "services": [service_reference()],
        "num_loops": 0,
        "on_call_handoff_notifications": "if_has_services",
        "teams": [],
        "description": None,
        "privilege": None,
    }


def schedule(account: Account) -> dict[str, Any]:
    first = person_reference(account.people[LEVELS[1]])
    layer = {
        "id": "PLAYER1",
        "name": "Layer 1",
        "start": BORN,
        "end": None,
        "rotation_virtual_start": BORN,
        "rotation_turn_length_seconds": 604_800,
        "users": [{"user": first}],
        "restrictions": [],
        "rendered_schedule_entries": [],
        "rendered_coverage_percentage": 100.0,
    }
    final = {"name": "Final Schedule", "rendered_schedule_entries": [], "rendered_coverage_percentage": 100.0}
    return {
        **whole(schedule_reference()),
        "name": "On-call engineers",
        "time_zone": "Etc/UTC",
        "description": None,
        "escalation_policies": [policy_reference()],
        "users": [first],
        "teams": [],
        "schedule_layers": [layer],
        "overrides_subschedule": {**final, "name": "Overrides"},
        "final_schedule": final,
    }


def integration() -> dict[str, Any]:
    path = f"services/{SERVICE}/integrations"
    return {
        **whole(reference(INTEGRATION, "events_api_v2_inbound_integration", path, "DR Console")),
        "name": "DR Console",
        "created_at": BORN,
        "integration_key": ROUTING_KEY,
        "service": service_reference(),
        "vendor": None,
    }


def service(account: Account) -> dict[str, Any]:
    open_ones = [one for one in account.incidents.values() if one.is_open]
    triggered = any(one.status == "triggered" for one in open_ones)
    status = "critical" if triggered else "warning" if open_ones else "active"
    newest = max((one.at for one in account.incidents.values()), default=None)
    return {
        **whole(service_reference()),
        "name": "Gemini Image Toolbox",
        "description": "The product of the plan",
        "status": status,
        "created_at": BORN,
        "updated_at": BORN,
        "last_incident_timestamp": moment(newest) if newest else None,
        "auto_resolve_timeout": None,
        "acknowledgement_timeout": None,
        "alert_creation": "create_alerts_and_incidents",
        "alert_grouping_parameters": {"type": None, "config": None},
        "incident_urgency_rule": {"type": "constant", "urgency": "high"},
        "support_hours": None,
        "scheduled_actions": [],
        "addons": [],
        "teams": [],
        "response_play": None,
        "escalation_policy": policy_reference(),
        "integrations": [reference(INTEGRATION, "events_api_v2_inbound_integration", "integrations", "DR Console")],
    }


def incident_reference(incident: Incident) -> dict[str, Any]:
    return reference(incident.id, "incident", "incidents", f"[#{incident.number}] {incident.title}")


def incident(account: Account, incident: Incident) -> dict[str, Any]:
    counts = {"all": len(incident.alerts)}
    for status in ("triggered", "resolved"):
        counts[status] = sum(alert.status == status for alert in incident.alerts)
    last = incident.log[-1].agent if incident.log else CONSOLE
    acknowledgements = [
        {"at": moment(at), "acknowledger": agent_reference(account, who)} for who, at in incident.acknowledged_by
    ]
    assigned = incident.assigned if incident.is_open else []
    return {
        **whole(incident_reference(incident)),
        "incident_number": incident.number,
        "title": incident.title,
        "description": incident.title,
        "created_at": moment(incident.at),
        "updated_at": moment(incident.changed_at),
        "resolved_at": moment(incident.resolved_at) if incident.resolved_at else None,
        "status": incident.status,
        "incident_key": incident.key,
        "service": service_reference(),
        "assignments": [
            {"at": moment(incident.changed_at), "assignee": person_reference(account.people[id])} for id in assigned
        ],
        "assigned_via": "escalation_policy",
        "last_status_change_at": moment(incident.changed_at),
        "last_status_change_by": agent_reference(account, last),
        "first_trigger_log_entry": reference(incident.log[0].id, "trigger_log_entry", "log_entries", "Triggered"),
        "escalation_policy": policy_reference(),
        "impacted_services": [service_reference()],
        "acknowledgements": acknowledgements,
        "urgency": incident.urgency,
        **ALWAYS,
        "alert_counts": counts,
        "body": {"type": "incident_body", "details": incident.body} if incident.body else None,
    }


def alert(incident: Incident, alert: Alert) -> dict[str, Any]:
    path = f"incidents/{incident.id}/alerts"
    return {
        **whole(reference(alert.id, "alert", path, alert.summary, "alerts")),
        "created_at": moment(alert.at),
        "updated_at": moment(alert.at),
        "resolved_at": None if alert.status == "triggered" else moment(incident.changed_at),
        "status": alert.status,
        "alert_key": alert.key,
        "service": service_reference(),
        "first_trigger_log_entry": reference(incident.log[0].id, "trigger_log_entry", "log_entries", "Triggered"),
        "incident": incident_reference(incident),
        "suppressed": False,
        "severity": alert.severity,
        "integration": reference(INTEGRATION, "events_api_v2_inbound_integration", "integrations", "DR Console"),
        "body": {"type": "alert_body", "contexts": [], "details": None, "cef_details": alert.body},
    }


def note(account: Account, note: Note) -> dict[str, Any]:
    return {
        "id": note.id,
        "user": agent_reference(account, note.by),
        "channel": {"summary": "The PagerDuty website or APIs", "type": "website"},
        "content": note.content,
        "created_at": moment(note.at),
    }


def entry(account: Account, incident: Incident, entry: Entry) -> dict[str, Any]:
    words = entry.type.removesuffix("_log_entry").replace("_", " ").capitalize()
    return {
        "id": entry.id,
        "type": entry.type,
        "summary": f"{words} by {agent_reference(account, entry.agent)['summary']}",
        "self": f"{API}/log_entries/{entry.id}",
        "html_url": None,
        "created_at": moment(entry.at),
        "agent": agent_reference(account, entry.agent),
        "channel": entry.channel,
        "service": service_reference(),
        "incident": incident_reference(incident),
        "teams": [],
        "contexts": [],
        "event_details": {},
    }
