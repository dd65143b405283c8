"""REST v2 as it answers: https://developer.pagerduty.com/api-reference/."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dr_console.sandbox.pagerduty import shown
from dr_console.sandbox.pagerduty.account import POLICY, SCHEDULE, SERVICE, Account, Incident, Person
from dr_console.sandbox.pagerduty.errors import Wrong
from dr_console.sandbox.rates import Window

View = Callable[[Request], Awaitable[Response]]
MOST_ROWS = 10_000
ABILITIES = [
    "sso", "advanced_reports", "teams", "read_only_users", "team_responders", "service_support_hours", "urgencies",
    "manage_schedules", "manage_api_keys", "coordinated_responding", "event_rules", "priorities",
]  # fmt: skip


class Guard:
    """Stands before every view: the token, the rate, and errors in PagerDuty's envelope."""

    def __init__(self, account: Account) -> None:
        self._window = Window(account.world.clock, 960, 60)

    def __call__(self, view: View) -> View:
        async def guarded(request: Request) -> Response:
            try:
                key = token(request)
                if not key:
                    raise Wrong(401)
                taken = self._window.take(key)
                answer = await view(request) if taken.allowed else Wrong(429).answer()
            except Wrong as wrong:
                answer = wrong.answer()
                if wrong.status == 401:
                    return answer
            answer.headers["ratelimit-limit"] = str(taken.limit)
            answer.headers["ratelimit-remaining"] = str(taken.remaining)
            answer.headers["ratelimit-reset"] = str(int(taken.reset) + 1)
            return answer

        return guarded


def token(request: Request) -> str:
    """The key of "Token token=<key>" or "Bearer <key>"; "" if there is none."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "token":
        return value.strip().removeprefix("token=").strip('"')
    return value.strip() if kind.lower() == "bearer" else ""


def requester(account: Account, request: Request) -> Person:
    """In whose name a change is made: the header From, or the owner of a user's own token."""
    email = request.headers.get("from", "")
    if not email and token(request).startswith("u+"):
        return account.people["PTECHLD"]
    if not email:
        raise Wrong(400, "The From header is required: a valid email address of a user of this account")
    person = account.person(email)
    if person is None:
        raise Wrong(400, code=1008, message="Requester User Not Found")
    return person


async def body(request: Request) -> dict[str, Any]:
    try:
        found = await request.json()
    except ValueError:
        raise Wrong(400, "The body is not JSON") from None
    if not isinstance(found, dict):
        raise Wrong(400, "The body is not an object")
    return found


async def body_at(request: Request, name: str) -> dict[str, Any]:
    found = (await body(request)).get(name)
    if not isinstance(found, dict):
        raise Wrong(400, f"'{name}' is missing or not an object")
    return found


def many(request: Request, name: str, found: Iterable[Any], show: Callable[[Any], Any] = lambda one: one) -> Response:
    """One page of a list, the classic way: limit, offset, more."""
    rows = list(found)
    limit, offset = whole_number(request, "limit", 25), whole_number(request, "offset", 0)
    if not 1 <= limit <= 100:
        raise Wrong(400, "Limit must be between 1 and 100")
    if offset + limit > MOST_ROWS:
        raise Wrong(400, "Offset plus limit must not be more than 10000")
    shown_ones = [show(row) for row in rows[offset : offset + limit]]
    total = len(rows) if request.query_params.get("total") == "true" else None
    page = {"limit": limit, "offset": offset, "more": offset + limit < len(rows), "total": total}
    return JSONResponse({name: shown_ones, **page})


def whole_number(request: Request, name: str, default: int) -> int:
    given = request.query_params.get(name, "")
    if given and not given.isdecimal():
        raise Wrong(400, f"{name.capitalize()} must be a whole number")
    return int(given) if given else default


class Directory:
    """What is there and does not change: people, the service, who is on call."""

    def __init__(self, account: Account) -> None:
        self.account = account

    async def abilities(self, request: Request) -> Response:
        return JSONResponse({"abilities": ABILITIES})

    async def ability(self, request: Request) -> Response:
        if request.path_params["id"] not in ABILITIES:
            raise Wrong(402, "Your account does not have the ability")
        return Response(status_code=204)

    async def users(self, request: Request) -> Response:
        asked = request.query_params.get("query", "").casefold()
        found = [one for one in self.account.people.values() if asked in f"{one.name} {one.email}".casefold()]
        return many(request, "users", found, shown.person)

    async def me(self, request: Request) -> Response:
        if not token(request).startswith("u+"):
            said = "Cannot get current user when using an account-level access token"
            return JSONResponse({"error": said}, 400)
        return JSONResponse({"user": shown.person(self.account.people["PTECHLD"])})

    async def user(self, request: Request) -> Response:
        return JSONResponse({"user": shown.person(self._person(request))})

    async def contact_methods(self, request: Request) -> Response:
        methods = shown.person(self._person(request))["contact_methods"]
        return JSONResponse({"contact_methods": methods})

    async def notification_rules(self, request: Request) -> Response:
        self._person(request)
        return JSONResponse({"notification_rules": []})

    async def services(self, request: Request) -> Response:
        asked = request.query_params.get("query", "").casefold()
        found = [shown.service(self.account)]
        return many(request, "services", [one for one in found if asked in one["name"].casefold()])

    async def service(self, request: Request) -> Response:
        return JSONResponse({"service": only(request, SERVICE, shown.service(self.account))})

    async def integration(self, request: Request) -> Response:
        if request.path_params["id"] != SERVICE or request.path_params["integration"] != shown.integration()["id"]:
            raise Wrong(404)
        return JSONResponse({"integration": shown.integration()})

    async def policies(self, request: Request) -> Response:
        return many(request, "escalation_policies", [shown.policy(self.account)])

    async def policy(self, request: Request) -> Response:
        return JSONResponse({"escalation_policy": only(request, POLICY, shown.policy(self.account))})

    async def schedules(self, request: Request) -> Response:
        return many(request, "schedules", [shown.schedule(self.account)])

    async def schedule(self, request: Request) -> Response:
        return JSONResponse({"schedule": only(request, SCHEDULE, shown.schedule(self.account))})

    async def schedule_users(self, request: Request) -> Response:
        return JSONResponse({"users": only(request, SCHEDULE, [shown.person(self.account.people["PONCALL"])])})

    async def oncalls(self, request: Request) -> Response:
        return many(request, "oncalls", list(self._oncalls(request)))

    def _oncalls(self, request: Request) -> Iterable[dict[str, Any]]:
        asked = request.query_params
        policies, people = asked.getlist("escalation_policy_ids[]"), asked.getlist("user_ids[]")
        whole_users = "users" in asked.getlist("include[]")
        now = self.account.world.clock.now()
        week = 7 * 86_400.0
        for level, id in ({1: "PONCALL", 2: "PTECHLD", 3: "PCTOCTO"}).items():
            if (policies and POLICY not in policies) or (people and id not in people):
                continue
            person = self.account.people[id]
            yield {
                "escalation_policy": shown.policy_reference(),
                "escalation_level": level,
                "schedule": shown.schedule_reference() if level == 1 else None,
                "user": shown.person(person) if whole_users else shown.person_reference(person),
                "start": shown.moment(now - now % week) if level == 1 else None,
                "end": shown.moment(now - now % week + week) if level == 1 else None,
            }

    def _person(self, request: Request) -> Person:
        person = self.account.people.get(request.path_params["id"])
        if person is None:
            raise Wrong(404)
        return person


def only(request: Request, id: str, found: Any) -> Any:
    """The one thing of its kind, if it is the one asked for."""
    if request.path_params["id"] != id:
        raise Wrong(404)
    return found


def filtered(account: Account, request: Request) -> list[Incident]:
    """What the query of GET /incidents asks for, newest last as there."""
    asked = request.query_params
    statuses, services, people = (asked.getlist(name) for name in ("statuses[]", "service_ids[]", "user_ids[]"))
    since, until = asked.get("since", ""), asked.get("until", "")
    everything = asked.get("date_range") == "all"
    found = []
    for incident in account.incidents.values():
        at = shown.moment(incident.at)
        in_time = everything or ((not since or at >= since) and (not until or at <= until))
        hits = (
            (not statuses or incident.status in statuses)
            and (not services or SERVICE in services)
            and (not people or set(people) & set(incident.assigned))
            and asked.get("incident_key", incident.key) == incident.key
            and incident.urgency in (asked.getlist("urgencies[]") or [incident.urgency])
        )
        if hits and in_time:
            found.append(incident)
    newest_first = "created_at:desc" in asked.get("sort_by", "") or "incident_number:desc" in asked.get("sort_by", "")
    return sorted(found, key=lambda one: one.number, reverse=newest_first)
