"""Incidents, their notes, alerts and log, over REST: https://developer.pagerduty.com/api-reference/."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dr_console.sandbox.pagerduty import shown
from dr_console.sandbox.pagerduty.account import LEVELS, SERVICE, Account, Incident
from dr_console.sandbox.pagerduty.errors import Wrong
from dr_console.sandbox.pagerduty.rest import body, body_at, filtered, many, requester


class Incidents:
    def __init__(self, account: Account) -> None:
        self.account, self.world = account, account.world

    async def all(self, request: Request) -> Response:
        found = filtered(self.account, request)
        return many(request, "incidents", found, lambda one: shown.incident(self.account, one))

    async def create(self, request: Request) -> Response:
        person = requester(self.account, request)
        wanted = await body_at(request, "incident")
        if not isinstance(wanted.get("title"), str) or not wanted["title"].strip():
            raise Wrong(400, "Title cannot be empty.")
        service = wanted.get("service")
        if not isinstance(service, dict) or service.get("id") != SERVICE:
            raise Wrong(400, "Service cannot be found." if service else "Service cannot be empty.")
        key = str(wanted.get("incident_key") or self.account.new_id().lower())
        if self.account.open_with(key):
            raise Wrong(400, code=2002, message="Open incident with matching dedup key already exists on this service")
        details = wanted.get("body")
        incident = self.account.trigger(
            wanted["title"],
            key,
            "",
            person.id,
            urgency=_urgency(wanted) or "high",
            body=str(details.get("details", "")) if isinstance(details, dict) else "",
        )
        self.world.truth.effect("pagerduty", "incident.create", key)
        return JSONResponse({"incident": shown.incident(self.account, incident)}, 201)

    async def change_many(self, request: Request) -> Response:
        person = requester(self.account, request)
        try:
            wanted = (await body(request))["incidents"]
            pairs = [(self._incident(str(one["id"])), one) for one in wanted]
        except (KeyError, TypeError):
            raise Wrong(400, "'incidents' is missing, or one of them has no id") from None
        for incident, one in pairs:
            self._change(incident, one, person.id)
        return JSONResponse({"incidents": [shown.incident(self.account, incident) for incident, _one in pairs]})

    async def get(self, request: Request) -> Response:
        return self._answer(self._asked(request))

    async def change(self, request: Request) -> Response:
        person = requester(self.account, request)
        incident = self._asked(request)
        self._change(incident, await body_at(request, "incident"), person.id)
        return self._answer(incident)

    async def notes(self, request: Request) -> Response:
        notes = [shown.note(self.account, note) for note in self._asked(request).notes]
        return JSONResponse({"notes": notes})

    async def add_note(self, request: Request) -> Response:
        person = requester(self.account, request)
        incident = self._asked(request)
        content = (await body_at(request, "note")).get("content")
        if not isinstance(content, str) or not content.strip():
            raise Wrong(400, "Content cannot be empty.")
        note = self.account.annotate(incident, content, person.id)
        self.world.truth.effect("pagerduty", "incident.note", incident.id, content=content)
        return JSONResponse({"note": shown.note(self.account, note)}, 201)

    async def alerts(self, request: Request) -> Response:
        incident = self._asked(request)
        return many(request, "alerts", incident.alerts, lambda one: shown.alert(incident, one))

    async def alert(self, request: Request) -> Response:
        incident = self._asked(request)
        found = next((one for one in incident.alerts if one.id == request.path_params["alert"]), None)
        if found is None:
            raise Wrong(404)
        return JSONResponse({"alert": shown.alert(incident, found)})

    async def log(self, request: Request) -> Response:
        incident = self._asked(request)
        entries = list(reversed(incident.log))
        return many(request, "log_entries", entries, lambda one: shown.entry(self.account, incident, one))

    async def whole_log(self, request: Request) -> Response:
        pairs = [(one, entry) for one in self.account.incidents.values() for entry in one.log]
        pairs.sort(key=lambda pair: pair[1].at, reverse=True)
        return many(request, "log_entries", pairs, lambda pair: shown.entry(self.account, *pair))

    async def log_entry(self, request: Request) -> Response:
        for incident in self.account.incidents.values():
            for entry in incident.log:
                if entry.id == request.path_params["id"]:
                    return JSONResponse({"log_entry": shown.entry(self.account, incident, entry)})
        raise Wrong(404)

    async def snooze(self, request: Request) -> Response:
        person = requester(self.account, request)
        incident = self._asked(request)
        duration = (await body(request)).get("duration")
        if not isinstance(duration, int) or not 1 <= duration <= 604_800:
            raise Wrong(400, "Duration must be an integer between 1 and 604800")
        if not incident.is_open:
            raise Wrong(400, code=1001, message="Incident Already Resolved")
        self.account.acknowledge(incident, person.id)
        self.world.clock.later(duration, lambda: self.account.unacknowledge(incident, person.id))
        self.world.truth.effect("pagerduty", "incident.snooze", incident.id, duration=duration)
        return self._answer(incident, 201)

    async def status_update(self, request: Request) -> Response:
        person = requester(self.account, request)
        incident = self._asked(request)
        message = (await body(request)).get("message")
        if not isinstance(message, str) or not message.strip():
            raise Wrong(400, "Message cannot be empty.")
        self.world.truth.effect("pagerduty", "incident.status_update", incident.id, message=message)
        update = {
            "id": self.account.new_id(),
            "message": message,
            "created_at": shown.moment(self.world.clock.now()),
            "sender": shown.person_reference(person),
        }
        return JSONResponse({"status_update": update}, 201)

    def _change(self, incident: Incident, wanted: dict[str, Any], agent: str) -> None:
        if not incident.is_open:
            raise Wrong(400, code=1001, message="Incident Already Resolved")
        status = wanted.get("status")
        if status not in (None, "acknowledged", "resolved", "triggered"):
            raise Wrong(400, "Status must be one of: acknowledged, resolved")
        incident.title = str(wanted.get("title") or incident.title)
        incident.urgency = _urgency(wanted) or incident.urgency
        if level := wanted.get("escalation_level"):
            if not isinstance(level, int) or level not in LEVELS:
                raise Wrong(400, "Escalation level is not in the escalation policy")
            self.account.escalate(incident, agent, level)
        if assignments := wanted.get("assignments"):
            self.account.reassign(incident, self._people(assignments), agent)
        if status == "acknowledged":
            self.account.acknowledge(incident, agent)
        elif status == "resolved":
            self.account.resolve(incident, agent)
        self.world.truth.effect("pagerduty", f"incident.{status or 'update'}", incident.id)

    def _people(self, assignments: Any) -> list[str]:
        try:
            ids = [str(one["assignee"]["id"]) for one in assignments]
        except (KeyError, TypeError):
            raise Wrong(400, "Assignee cannot be empty.") from None
        if not all(id in self.account.people for id in ids):
            raise Wrong(400, "Assignee cannot be found.")
        return ids

    def _asked(self, request: Request) -> Incident:
        return self._incident(request.path_params["id"])

    def _incident(self, id: str) -> Incident:
        """By id or by number, as PagerDuty takes either."""
        found = self.account.incidents.get(id)
        found = found or next((one for one in self.account.incidents.values() if str(one.number) == id), None)
        if found is None:
            raise Wrong(404)
        return found

    def _answer(self, incident: Incident, status: int = 200) -> Response:
        return JSONResponse({"incident": shown.incident(self.account, incident)}, status)


def _urgency(wanted: dict[str, Any]) -> str:
    urgency = wanted.get("urgency") or ""
    if urgency not in ("", "high", "low"):
        raise Wrong(400, "Urgency must be one of: high, low")
    return str(urgency)
