"""The REST API as it answers: https://www.twilio.com/docs/voice/api and https://www.twilio.com/docs/messaging/api."""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dr_console.sandbox import forms
from dr_console.sandbox.twilio.account import NUMBER, TOKEN, VERSION, Account, Call, Text, rfc2822
from dr_console.sandbox.twilio.errors import Wrong, not_found

View = Callable[[Request], Awaitable[Response]]
SID = re.compile(r"AC[0-9a-f]{32}")
BORN = "Wed, 01 Jan 2025 00:00:00 +0000"
NUMBER_SID = "PN" + "0" * 32


def guarded(view: View) -> View:
    async def guard(request: Request) -> Response:
        try:
            authenticate(request)
            return await view(request)
        except Wrong as wrong:
            return wrong.answer()

    return guard


def authenticate(request: Request) -> tuple[str, str]:
    """Account (or key) and secret of HTTP Basic."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        user, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        user = secret = ""
    if kind.lower() != "basic" or not user or not secret:
        raise Wrong(401, 20003, "Authenticate")
    if not user.startswith(("AC", "SK")):
        raise Wrong(401, 20003, "Authentication Error - invalid username")
    asked = request.path_params.get("account", user)
    if not SID.fullmatch(asked) or (user.startswith("AC") and user != asked):
        raise not_found(request)
    return user, secret


def signing_token(request: Request) -> str:
    """What requests about this call are signed with: the token it was made with, if it was not made with a key."""
    user, secret = authenticate(request)
    return secret if user.startswith("AC") else TOKEN


async def arguments(request: Request) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in await forms.fields(request):
        found.setdefault(name, []).append(value)
    return found


def page(request: Request, name: str, rows: Sequence[dict[str, Any]]) -> Response:
    """One page, newest first as Twilio lists."""
    query = request.query_params
    size = min(int(query.get("PageSize", "50")) if query.get("PageSize", "50").isdecimal() else 50, 1000) or 50
    number = int(query.get("Page", "0")) if query.get("Page", "0").isdecimal() else 0
    start, end = number * size, (number + 1) * size
    kept = {key: value for key, value in query.items() if key not in ("Page", "PageSize", "PageToken")}
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))

    def address(which: int) -> str:
        return f"{path}?{urlencode({**kept, 'PageSize': size, 'Page': which})}"

    return JSONResponse(
        {
            name: list(rows[start:end]),
            "page": number,
            "page_size": size,
            "start": start,
            "end": max(start, min(end, len(rows)) - 1),
            "uri": address(number),
            "first_page_uri": address(0),
            "previous_page_uri": address(number - 1) if number else None,
            "next_page_uri": address(number + 1) if end < len(rows) else None,
        }
    )


def matching(request: Request, things: Iterable[Any], at: str) -> list[Any]:
    """By To, From, Status, and by day or moment (`at`: StartTime or DateSent), newest first."""
    query = request.query_params
    found = [
        one
        for one in things
        if query.get("To", one.to) == one.to
        and query.get("From", one.sender) == one.sender
        and query.get("Status", one.status) == one.status
        and _in_time(query, at, one.at)
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)


def _in_time(query: Any, name: str, at: float) -> bool:
    from_day, to_day, day = query.get(f"{name}>"), query.get(f"{name}<"), query.get(name)
    iso = moment_text(at)
    later = not from_day or iso[: len(from_day)] >= from_day.rstrip("Z")[: len(iso)]
    earlier = not to_day or iso[: len(to_day)] <= to_day.rstrip("Z")[: len(iso)]
    return later and earlier and (not day or iso.startswith(day[:10]))


def moment_text(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class Resources:
    """The account itself and its numbers."""

    def __init__(self, account: Account) -> None:
        self.account = account

    async def accounts(self, request: Request) -> Response:
        user, _secret = authenticate(request)
        return page(request, "accounts", [account_shown(user if user.startswith("AC") else "AC" + "0" * 32)])

    async def get_account(self, request: Request) -> Response:
        return JSONResponse(account_shown(request.path_params["account"]))

    async def balance(self, request: Request) -> Response:
        sid = request.path_params["account"]
        return JSONResponse({"account_sid": sid, "balance": "100.00", "currency": "USD"})

    async def numbers(self, request: Request) -> Response:
        shown = number_shown(request.path_params["account"])
        wanted = request.query_params.get("PhoneNumber", "").replace(" ", "+").strip("*")
        return page(request, "incoming_phone_numbers", [shown] if wanted in shown["phone_number"] else [])

    async def number(self, request: Request) -> Response:
        if request.path_params["sid"] != NUMBER_SID:
            raise not_found(request)
        return JSONResponse(number_shown(request.path_params["account"]))


def account_shown(sid: str) -> dict[str, Any]:
    path = f"/{VERSION}/Accounts/{sid}"
    parts = ("calls", "messages", "incoming_phone_numbers", "outgoing_caller_ids", "recordings", "usage")
    names = {part: "".join(word.capitalize() for word in part.split("_")) for part in parts}
    return {
        "sid": sid,
        "auth_token": "•" * 32,
        "friendly_name": "DR Console sandbox",
        "owner_account_sid": sid,
        "status": "active",
        "type": "Full",
        "date_created": BORN,
        "date_updated": BORN,
        "uri": f"{path}.json",
        "subresource_uris": {part: f"{path}/{name}.json" for part, name in names.items()},
    }


def number_shown(account: str) -> dict[str, Any]:
    return {
        "sid": NUMBER_SID,
        "account_sid": account,
        "friendly_name": "(555) 0100",
        "phone_number": NUMBER,
        "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
        "address_requirements": "none",
        "address_sid": None,
        "api_version": VERSION,
        "beta": False,
        "bundle_sid": None,
        "date_created": BORN,
        "date_updated": BORN,
        "emergency_address_sid": None,
        "emergency_address_status": "unregistered",
        "emergency_status": "Active",
        "identity_sid": None,
        "origin": "twilio",
        "sms_application_sid": "",
        "sms_fallback_method": "POST",
        "sms_fallback_url": "",
        "sms_method": "POST",
        "sms_url": "",
        "status": "in-use",
        "status_callback": "",
        "status_callback_method": "POST",
        "trunk_sid": None,
        "type": "local",
        "uri": f"/{VERSION}/Accounts/{account}/IncomingPhoneNumbers/{NUMBER_SID}.json",
        "voice_application_sid": "",
        "voice_caller_id_lookup": False,
        "voice_fallback_method": "POST",
        "voice_fallback_url": "",
        "voice_method": "POST",
        "voice_receive_mode": "voice",
        "voice_url": "",
    }


def call_shown(call: Call) -> dict[str, Any]:
    path = f"/{VERSION}/Accounts/{call.account}/Calls/{call.sid}"
    parts = ("events", "notifications", "payments", "recordings", "siprec", "streams", "transcriptions")
    took = int(call.ended_at - (call.started_at or call.ended_at)) if call.ended_at else None
    return {
        "sid": call.sid,
        "account_sid": call.account,
        "annotation": None,
        "answered_by": call.answered_by or None,
        "api_version": VERSION,
        "caller_name": None,
        "date_created": rfc2822(call.at),
        "date_updated": rfc2822(call.changed_at),
        "direction": "outbound-api",
        "duration": None if took is None else str(took),
        "end_time": rfc2822(call.ended_at),
        "forwarded_from": None,
        "from": call.sender,
        "from_formatted": call.sender,
        "group_sid": None,
        "parent_call_sid": None,
        "phone_number_sid": NUMBER_SID,
        "price": None,
        "price_unit": "USD",
        "queue_time": "0",
        "start_time": rfc2822(call.started_at),
        "status": call.status,
        "subresource_uris": {part: f"{path}/{part.capitalize()}.json" for part in parts},
        "to": call.to,
        "to_formatted": call.to,
        "trunk_sid": None,
        "uri": f"{path}.json",
    }


def text_shown(text: Text) -> dict[str, Any]:
    path = f"/{VERSION}/Accounts/{text.account}/Messages/{text.sid}"
    return {
        "sid": text.sid,
        "account_sid": text.account,
        "api_version": VERSION,
        "body": text.body,
        "date_created": rfc2822(text.at),
        "date_sent": rfc2822(text.sent_at),
        "date_updated": rfc2822(text.changed_at),
        "direction": "outbound-api",
        "error_code": text.error,
        "error_message": None if text.error is None else "Unreachable destination handset",
        "from": text.sender,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": str(-(-len(text.body) // 153) if len(text.body) > 160 else 1),
        "price": None,
        "price_unit": "USD",
        "status": text.status,
        "subresource_uris": {"media": f"{path}/Media.json"},
        "tags": None,
        "to": text.to,
        "uri": f"{path}.json",
    }
