"""PagerDuty as one vendor of the sandbox, and what only the world's owner can do: answer a page."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from dr_console.sandbox.answers import WrongInput, answering, read_as
from dr_console.sandbox.pagerduty import shown
from dr_console.sandbox.pagerduty.account import Account, Incident
from dr_console.sandbox.pagerduty.errors import Wrong, complain
from dr_console.sandbox.pagerduty.events import Events
from dr_console.sandbox.pagerduty.incidents import Incidents
from dr_console.sandbox.pagerduty.rest import Directory, Guard, View, many
from dr_console.sandbox.pagerduty.subscriptions import Subscriptions
from dr_console.sandbox.pagerduty.webhooks import Webhooks
from dr_console.sandbox.vendor import Vendor
from dr_console.sandbox.world import World


class PersonAnswers(BaseModel):
    """What a person does with a page on their telephone. `incident`: id, or our key. `by`: id or e-mail."""

    model_config = ConfigDict(extra="forbid", strict=True)

    action: Literal["acknowledge", "resolve", "escalate", "reassign", "note", "unacknowledge"]
    incident: str
    by: str = "oncall@example.com"
    to: str = ""
    text: str = ""


def pagerduty(world: World) -> Vendor:
    account = Account(world)
    webhooks = Webhooks(account)
    return Vendor(
        name="pagerduty",
        prefix="/pagerduty",
        complain=complain,
        routes=_routes(account, webhooks),
        control=_controls(account, webhooks),
        state=lambda: _state(account, webhooks),
    )


def _routes(account: Account, webhooks: Webhooks) -> list[BaseRoute]:
    events, guard = Events(account), Guard(account)
    table: dict[tuple[str, str], View] = _views(account, webhooks)
    routes: list[BaseRoute] = [
        Route(f"{base}/v2/{path}", view, methods=["POST"])
        for base in ("/events", "")
        for path, view in (("enqueue", events.enqueue), ("change/enqueue", events.change))
    ]
    routes += [Route(path, guard(view), methods=[method]) for (method, path), view in table.items()]

    async def nothing(request: Request) -> Response:
        raise Wrong(404)

    return [*routes, Route("/{path:path}", guard(nothing), methods=["GET", "POST", "PUT", "PATCH", "DELETE"])]


def _views(account: Account, webhooks: Webhooks) -> dict[tuple[str, str], View]:
    directory, subscriptions = Directory(account), Subscriptions(webhooks)
    empty = ("teams", "priorities", "vendors", "maintenance_windows", "business_services", "extensions", "tags")
    return {
        ("GET", "/abilities"): directory.abilities,
        ("GET", "/abilities/{id}"): directory.ability,
        ("GET", "/users"): directory.users,
        ("GET", "/users/me"): directory.me,
        ("GET", "/users/{id}"): directory.user,
        ("GET", "/users/{id}/contact_methods"): directory.contact_methods,
        ("GET", "/users/{id}/notification_rules"): directory.notification_rules,
        ("GET", "/services"): directory.services,
        ("GET", "/services/{id}"): directory.service,
        ("GET", "/services/{id}/integrations/{integration}"): directory.integration,
        ("GET", "/escalation_policies"): directory.policies,
        ("GET", "/escalation_policies/{id}"): directory.policy,
        ("GET", "/schedules"): directory.schedules,
        ("GET", "/schedules/{id}"): directory.schedule,
        ("GET", "/schedules/{id}/users"): directory.schedule_users,
        ("GET", "/oncalls"): directory.oncalls,
        **_views_of_incidents(Incidents(account)),
        ("GET", "/webhook_subscriptions"): subscriptions.all,
        ("POST", "/webhook_subscriptions"): subscriptions.create,
        ("GET", "/webhook_subscriptions/{id}"): subscriptions.get,
        ("PUT", "/webhook_subscriptions/{id}"): subscriptions.change,
        ("DELETE", "/webhook_subscriptions/{id}"): subscriptions.delete,
        ("POST", "/webhook_subscriptions/{id}/enable"): subscriptions.enable,
        ("POST", "/webhook_subscriptions/{id}/ping"): subscriptions.ping,
        **{("GET", f"/{name}"): _none_of(name) for name in empty},
    }


def _views_of_incidents(incidents: Incidents) -> dict[tuple[str, str], View]:
    return {
        ("GET", "/incidents"): incidents.all,
        ("POST", "/incidents"): incidents.create,
        ("PUT", "/incidents"): incidents.change_many,
        ("GET", "/incidents/{id}"): incidents.get,
        ("PUT", "/incidents/{id}"): incidents.change,
        ("GET", "/incidents/{id}/notes"): incidents.notes,
        ("POST", "/incidents/{id}/notes"): incidents.add_note,
        ("GET", "/incidents/{id}/alerts"): incidents.alerts,
        ("GET", "/incidents/{id}/alerts/{alert}"): incidents.alert,
        ("GET", "/incidents/{id}/log_entries"): incidents.log,
        ("POST", "/incidents/{id}/snooze"): incidents.snooze,
        ("POST", "/incidents/{id}/status_updates"): incidents.status_update,
        ("GET", "/log_entries"): incidents.whole_log,
        ("GET", "/log_entries/{id}"): incidents.log_entry,
    }


def _none_of(name: str) -> View:
    async def view(request: Request) -> Response:
        return many(request, name, [])

    return view


def _controls(account: Account, webhooks: Webhooks) -> list[BaseRoute]:
    async def answer(request: Request) -> Response:
        given = await read_as(request, PersonAnswers)
        incident = account.incidents.get(given.incident) or account.open_with(given.incident)
        person = account.person(given.by)
        if incident is None:
            raise WrongInput("incident", f"incident: there is no open one “{given.incident}”.", 404)
        if person is None:
            raise WrongInput("by", f"by: there is nobody “{given.by}”.")
        _do(account, incident, given, person.id)
        return JSONResponse({"incident": shown.incident(account, incident)})

    async def rotate(request: Request) -> Response:
        """From now on two secrets sign, the new one first; a second call leaves only the new one."""
        found = webhooks.subscriptions.get(request.path_params["id"])
        if found is None:
            raise WrongInput("id", f"id: there is no subscription “{request.path_params['id']}”.", 404)
        new = [f"sandbox-pagerduty-webhook-{len(found.secrets)}"] if len(found.secrets) == 1 else []
        found.secrets = [*new, *found.secrets] if new else found.secrets[:1]
        return JSONResponse({"secrets": found.secrets})

    return [
        Route("/answer", answering(answer), methods=["POST"]),
        Route("/webhook_subscriptions/{id}/rotate", answering(rotate), methods=["POST"]),
    ]


def _do(account: Account, incident: Incident, given: PersonAnswers, by: str) -> None:
    if given.action == "reassign":
        person = account.person(given.to)
        if person is None:
            raise WrongInput("to", f"to: there is nobody “{given.to}”.")
        account.reassign(incident, [person.id], by)
    elif given.action == "note":
        account.annotate(incident, given.text, by)
    else:
        getattr(account, given.action)(incident, by)


def _state(account: Account, webhooks: Webhooks) -> dict[str, Any]:
    return {
        "incidents": [shown.incident(account, incident) for incident in account.incidents.values()],
        "subscriptions": [
            {"id": one.id, "url": one.url, "active": one.active} for one in webhooks.subscriptions.values()
        ],
        "deliveries": [
            {"id": one.id, "event": one.event, "tries": one.tries, "status": one.status, "state": one.state}
            for one in webhooks.deliveries[-100:]
        ],
    }
