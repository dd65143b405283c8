"""Wires that answer as the pages of PagerDuty, Slack, Twilio and the voice webhook say, written by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

import httpx
import respx

PAGERDUTY, EVENTS = "https://api.pagerduty.com", "https://events.pagerduty.com"
SLACK, TWILIO, VOICE = "https://slack.com/api", "https://api.twilio.com", "https://voice.example.net/calls"
HOOK = "https://hooks.slack.com/services/T0SANDBOX/B0CONSOLE/sandbox-slack-webhook"
Answer = Callable[[httpx.Request], httpx.Response]


@contextmanager
def wire(*answers: tuple[str, Answer]) -> Iterator[respx.MockRouter]:
    """Addresses that begin with this are answered by that; nothing else is on the wire."""
    with respx.mock(assert_all_called=False) as router:
        for address, answer in answers:
            router.route(url__startswith=address).mock(side_effect=answer)
        yield router


def sent(request: httpx.Request) -> Any:
    return json.loads(request.content) if request.content else None


def reference(id: str, type: str, name: str) -> dict[str, Any]:
    address = f"https://api.pagerduty.com/{type}s/{id}"
    return {"id": id, "type": f"{type}_reference", "summary": name, "self": address, "html_url": address}


ENGINEER = reference("PONCALL", "user", "On-call engineer")
CONSOLE = reference("PCONSOL", "user", "DR Console")
SERVICE = reference("PGEMINI", "service", "Gemini Image Toolbox")
POLICY = reference("PPOLICY", "escalation_policy", "Production")


class PagerDutyAnswers:
    """As https://developer.pagerduty.com/api-reference/ shows answers; `incidents` by id."""

    def __init__(self) -> None:
        self.incidents: dict[str, dict[str, Any]] = {}
        self.notes: list[dict[str, Any]] = []
        self.subscriptions: list[dict[str, Any]] = []

    def events(self, request: httpx.Request) -> httpx.Response:
        event = sent(request)
        key, action = event["dedup_key"], event["event_action"]
        found = next((one for one in self.incidents.values() if one["incident_key"] == key), None)
        open_one = found if found and found["status"] != "resolved" else None
        if action == "trigger" and not open_one:
            self._open(event["payload"]["summary"], key)
        elif open_one and action != "trigger":
            self._becomes(open_one, f"{action}d" if action.endswith("e") else f"{action}ed", SERVICE)
        return httpx.Response(202, json={"status": "success", "message": "Event processed", "dedup_key": key})

    def rest(self, request: httpx.Request) -> httpx.Response:
        if not request.headers.get("authorization", "").startswith("Token token="):
            return self.error(401, 2006, "Unauthorized")
        path = request.url.path
        for method, pattern, answer in (
            ("GET", "/incidents", self._list),
            ("POST", "/incidents", self._create),
            ("GET", "/incidents/(?P<id>[^/]+)", self._get),
            ("PUT", "/incidents/(?P<id>[^/]+)", self._put),
            ("GET", "/incidents/(?P<id>[^/]+)/notes", lambda request, id: self.good(notes=self.notes)),
            ("POST", "/incidents/(?P<id>[^/]+)/notes", self._note),
            ("GET", "/oncalls", self._oncalls),
            ("GET", "/abilities", lambda request: self.good(abilities=["teams", "urgencies"])),
            ("GET", "/users", self._users),
            ("GET", "/webhook_subscriptions", lambda request: self._page("webhook_subscriptions", self.subscriptions)),
            ("POST", "/webhook_subscriptions", self._subscribe),
            ("DELETE", "/webhook_subscriptions/(?P<id>[^/]+)", self._unsubscribe),
        ):
            match = re.fullmatch(pattern, path)
            if match and request.method == method:
                return answer(request, **match.groupdict())
        return self.error(404, 2100, "Not Found")

    @staticmethod
    def error(status: int, code: int, message: str, *errors: str) -> httpx.Response:
        return httpx.Response(status, json={"error": {"code": code, "message": message, "errors": list(errors)}})

    @staticmethod
    def good(status: int = 200, **body: Any) -> httpx.Response:
        return httpx.Response(status, json=body)

    def _page(self, name: str, found: list[Any]) -> httpx.Response:
        return self.good(**{name: found}, limit=100, offset=0, more=False, total=None)

    def _open(self, title: str, key: str) -> dict[str, Any]:
        number = len(self.incidents) + 1
        at = "2026-11-22T15:00:00Z"
        self.incidents[f"Q{number:013}"] = incident = {
            **reference(f"Q{number:013}", "incident", f"[#{number}] {title}"),
            "type": "incident",
            "incident_number": number,
            "title": title,
            "status": "triggered",
            "created_at": at,
            "incident_key": key,
            "urgency": "high",
            "service": SERVICE,
            "assignments": [{"at": at, "assignee": ENGINEER}],
            "acknowledgements": [],
        }
        return incident

    def _becomes(self, incident: dict[str, Any], status: str, by: dict[str, Any]) -> None:
        incident["status"] = status
        if status == "acknowledged":
            incident["acknowledgements"] = [{"at": "2026-11-22T15:02:00Z", "acknowledger": by}]

    def _list(self, request: httpx.Request) -> httpx.Response:
        key = request.url.params.get("incident_key")
        return self._page("incidents", [one for one in self.incidents.values() if key in (None, one["incident_key"])])

    def _create(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["from"] == "dr-console@example.com"
        wanted = sent(request)["incident"]
        return self.good(201, incident=self._open(wanted["title"], wanted.get("incident_key", "")))

    def _get(self, request: httpx.Request, id: str) -> httpx.Response:
        found = self.incidents.get(id)
        return self.good(incident=found) if found else self.error(404, 2100, "Not Found")

    def _put(self, request: httpx.Request, id: str) -> httpx.Response:
        assert request.headers["from"] == "dr-console@example.com"
        if self.incidents[id]["status"] == "resolved":
            return self.error(400, 1001, "Incident Already Resolved")
        self._becomes(self.incidents[id], sent(request)["incident"]["status"], CONSOLE)
        return self.good(incident=self.incidents[id])

    def _note(self, request: httpx.Request, id: str) -> httpx.Response:
        content = sent(request)["note"]["content"]
        note = {"id": f"N{len(self.notes)}", "content": content, "created_at": "2026-11-22T15:03:00Z", "user": CONSOLE}
        self.notes.append(note)
        return self.good(201, note=note)

    def _oncalls(self, request: httpx.Request) -> httpx.Response:
        until = {1: "2026-11-29T00:00:00Z", 2: None}
        lead = {**reference("PTECHLD", "user", "Technical lead"), "type": "user", "name": "Technical lead"}
        first = {"level": 1, "user": ENGINEER, "schedule": reference("PSCHEDL", "schedule", "On-call engineers")}
        rows = [
            {"escalation_policy": POLICY, "escalation_level": one["level"], "user": one["user"], "start": None}
            | {"end": until[one["level"]], "schedule": one["schedule"]}
            for one in ({"level": 2, "user": lead, "schedule": None}, first)
        ]
        return self._page("oncalls", rows)

    def _users(self, request: httpx.Request) -> httpx.Response:
        user = {**CONSOLE, "type": "user", "name": "DR Console", "email": "dr-console@example.com"}
        return self._page("users", [user] if request.url.params["query"] == user["email"] else [])

    def _subscribe(self, request: httpx.Request) -> httpx.Response:
        wanted = sent(request)["webhook_subscription"]
        method = {**wanted["delivery_method"], "secret": None, "temporarily_disabled": False}
        made = {**wanted, "id": f"P{len(self.subscriptions)}", "active": True, "delivery_method": method}
        self.subscriptions.append(made)
        return self.good(201, webhook_subscription={**made, "delivery_method": {**method, "secret": "shown-once"}})

    def _unsubscribe(self, request: httpx.Request, id: str) -> httpx.Response:
        left = [one for one in self.subscriptions if one["id"] != id]
        gone = len(left) < len(self.subscriptions)
        self.subscriptions = left
        return httpx.Response(204) if gone else self.error(404, 2100, "Not Found")


class SlackAnswers:
    """As https://docs.slack.dev/reference/methods shows answers."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.said: list[Any] = []

    def api(self, request: httpx.Request) -> httpx.Response:
        if not request.headers.get("authorization", "").startswith("Bearer "):
            return self.no("not_authed")
        method = request.url.path.removeprefix("/api/")
        arguments = sent(request) or dict(request.url.params)
        answer: httpx.Response = getattr(self, "_" + method.replace(".", "_"))(arguments)
        answer.headers["x-oauth-scopes"] = "chat:write,channels:read,channels:history,users:read,users:read.email"
        return answer

    def hook(self, request: httpx.Request) -> httpx.Response:
        self.said.append(sent(request))
        return httpx.Response(200, text="ok")

    @staticmethod
    def good(**body: Any) -> httpx.Response:
        return httpx.Response(200, json={"ok": True, **body})

    @staticmethod
    def no(error: str, **more: Any) -> httpx.Response:
        return httpx.Response(200, json={"ok": False, "error": error, **more})

    def _chat_postMessage(self, given: dict[str, Any]) -> httpx.Response:
        if given["channel"] == "C0NOWHERE":
            return self.no("channel_not_found")
        if given["channel"] == "C0OLD":
            return self.no("is_archived")
        ts = f"{datetime.now(UTC).timestamp():.6f}"
        self.messages.append({"type": "message", "ts": ts, **given})
        return self.good(channel=given["channel"], ts=ts, message={"text": given["text"]})

    def _chat_update(self, given: dict[str, Any]) -> httpx.Response:
        found = next((one for one in self.messages if one["ts"] == given["ts"]), None)
        if found is None:
            return self.no("message_not_found")
        found.update(given)
        return self.good(channel=given["channel"], ts=given["ts"], text=given["text"])

    def _conversations_history(self, given: dict[str, Any]) -> httpx.Response:
        found = [one for one in self.messages if one["channel"] == given["channel"] and not one.get("thread_ts")]
        return self._messages([one for one in found if one["ts"] > given["oldest"]])

    def _conversations_replies(self, given: dict[str, Any]) -> httpx.Response:
        return self._messages([one for one in self.messages if given["ts"] in (one["ts"], one.get("thread_ts"))])

    def _messages(self, found: list[dict[str, Any]]) -> httpx.Response:
        return self.good(messages=found[::-1], has_more=False, response_metadata={"next_cursor": ""})

    def _auth_test(self, given: dict[str, Any]) -> httpx.Response:
        team = {"url": "https://gemini.slack.com/", "team": "Gemini", "team_id": "T0SANDBOX"}
        return self.good(user="drconsole", user_id="U0CONSOLE", bot_id="B0CONSOLE", **team)

    def _conversations_info(self, given: dict[str, Any]) -> httpx.Response:
        channels = {"C0INCIDENTS": ("incidents", False), "C0OLD": ("old-incidents", True)}
        if given["channel"] not in channels:
            return self.no("channel_not_found")
        name, archived = channels[given["channel"]]
        return self.good(channel=self._channel(given["channel"], name, archived))

    def _conversations_list(self, given: dict[str, Any]) -> httpx.Response:
        """Two pages, as Slack may answer with fewer than it was asked for."""
        if not given.get("cursor"):
            first = [self._channel("C0INCIDENTS", "incidents", False)]
            return self.good(channels=first, response_metadata={"next_cursor": "bmV4dA=="})
        second = [self._channel("C0GENERAL", "general", False)]
        return self.good(channels=second, response_metadata={"next_cursor": ""})

    def _channel(self, id: str, name: str, archived: bool) -> dict[str, Any]:
        return {"id": id, "name": name, "is_archived": archived, "is_member": True, "is_private": False}

    def _users_info(self, given: dict[str, Any]) -> httpx.Response:
        return self._user(given["user"] == "U0ONCALL", "user_not_found")

    def _users_lookupByEmail(self, given: dict[str, Any]) -> httpx.Response:
        return self._user(given["email"] == "oncall@example.com", "users_not_found")

    def _user(self, known: bool, error: str) -> httpx.Response:
        profile = {"real_name": "On-call engineer", "email": "oncall@example.com"}
        user = {"id": "U0ONCALL", "name": "oncall", "deleted": False, "profile": profile}
        return self.good(user=user) if known else self.no(error)


class TwilioAnswers:
    """As https://www.twilio.com/docs/voice/api shows answers. A call to NUMBER … is in the state of `becomes`."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.texts: list[dict[str, Any]] = []
        self.forms: list[dict[str, list[str]]] = []

    def api(self, request: httpx.Request) -> httpx.Response:
        if not request.headers.get("authorization", "").startswith("Basic "):
            return self.error(401, 20003, "Authenticate")
        path = request.url.path.removeprefix("/2010-04-01/Accounts/AC" + "0" * 32)
        form = {name: values for name, values in parse_qs(request.content.decode()).items()}
        if request.method == "POST":
            self.forms.append(form)
            return self._post(path, {name: values[0] for name, values in form.items()})
        return self._get(path, dict(request.url.params))

    @staticmethod
    def error(status: int, code: int, message: str) -> httpx.Response:
        more = f"https://www.twilio.com/docs/errors/{code}"
        return httpx.Response(status, json={"code": code, "message": message, "more_info": more, "status": status})

    def _post(self, path: str, form: dict[str, str]) -> httpx.Response:
        now = format_datetime(datetime.now(UTC))
        if path.startswith("/Calls/"):
            call = self._found(self.calls, path)
            call["status"] = form["Status"]
            return httpx.Response(200, json=call)
        if form["To"] == "+15005550001":
            return self.error(400, 21217, "Phone number does not appear to be valid")
        common = {"to": form["To"], "from": form["From"], "status": "queued", "date_created": now}
        if path == "/Messages.json":
            text = {**common, "sid": f"SM{len(self.texts):032x}", "body": form["Body"]}
            self.texts.append(text)
            return httpx.Response(201, json=text)
        times = {"start_time": None, "end_time": None, "duration": None, "answered_by": None}
        call = {**common, **times, "sid": f"CA{len(self.calls):032x}"}
        self.calls.append(call)
        return httpx.Response(201, json=call)

    def _get(self, path: str, params: dict[str, str]) -> httpx.Response:
        page = {"page": 0, "page_size": 50, "uri": path, "next_page_uri": None}
        if path == ".json":
            account = {"sid": "AC" + "0" * 32, "status": "active", "type": "Full", "friendly_name": "DR"}
            return httpx.Response(200, json=account)
        if path == "/IncomingPhoneNumbers.json":
            number = {"phone_number": "+15550100", "capabilities": {"voice": True, "sms": True}}
            return httpx.Response(200, json={"incoming_phone_numbers": [number], **page})
        for name, rows in (("calls", self.calls), ("messages", self.texts)):
            if path == f"/{name.capitalize()}.json":
                found = [row for row in reversed(rows) if row["to"] == params["To"]]
                return httpx.Response(200, json={name: found, **page})
            if path.startswith(f"/{name.capitalize()}/"):
                row = self._found(rows, path)
                return httpx.Response(200, json=row) if row else self.error(404, 20404, f"{path} was not found")
        return self.error(404, 20404, f"{path} was not found")

    def _found(self, rows: list[dict[str, Any]], path: str) -> dict[str, Any]:
        sid = path.rsplit("/", 1)[1].removesuffix(".json")
        return next((row for row in rows if row["sid"] == sid), {})


class VoiceAnswers:
    """As docs/clouds.md describes the voice webhook."""

    def __init__(self) -> None:
        self.calls: dict[str, dict[str, Any]] = {}

    def api(self, request: httpx.Request) -> httpx.Response:
        assert re.fullmatch(r"t=\d+,v1=[0-9a-f]{64}", request.headers["x-dr-signature"])
        if request.method == "GET":
            id = request.url.path.rsplit("/", 1)[1]
            found = next((one for one in self.calls.values() if one["id"] == id), None)
            nothing = {"error": {"code": "not_found", "message": "there is no such call"}}
            return httpx.Response(200, json=found) if found else httpx.Response(404, json=nothing)
        asked = sent(request)
        assert request.headers["idempotency-key"] == asked["key"]
        known = asked["key"] in self.calls
        call = self.calls.setdefault(
            asked["key"], {"id": f"call-{len(self.calls)}", "to": asked["to"], "status": "queued", "seconds": None}
        )
        return httpx.Response(200 if known else 201, json=call)
