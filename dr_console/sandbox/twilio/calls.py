"""Calls and messages over REST; addresses that are not on this machine are refused."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dr_console.sandbox import loopback
from dr_console.sandbox.telephones import number_of
from dr_console.sandbox.twilio import twiml
from dr_console.sandbox.twilio.account import Account, Call, Text
from dr_console.sandbox.twilio.api import arguments, call_shown, matching, page, signing_token, text_shown
from dr_console.sandbox.twilio.errors import Wrong, not_found
from dr_console.sandbox.twilio.line import Line

EVENTS = ("initiated", "ringing", "answered", "completed")
# Twilio's own numbers for tests: https://www.twilio.com/docs/iam/test-credentials
REFUSED_TO = {
    "+15005550001": (21217, "Phone number does not appear to be valid"),
    "+15005550002": (21214, "'To' phone number cannot be reached"),
    "+15005550003": (
        21215,
        "Account not authorized to call {to}. Perhaps you need to enable some international permissions: "
        "https://www.twilio.com/console/voice/calls/geo-permissions/low-risk",
    ),
    "+15005550004": (21216, "Account not allowed to call {to}"),
}  # fmt: skip
TEXT_STEPS = (("sending", 0.5), ("sent", 1.0), ("delivered", 3.0))
MOST_TEXT = 1600

Fields = dict[str, list[str]]


class Calls:
    def __init__(self, account: Account) -> None:
        self.account, self.world = account, account.world
        self.lines: dict[str, Line] = {}

    async def create(self, request: Request) -> Response:
        fields = await arguments(request)
        to, sender = _numbers(fields, (21201, 21213), self._refused)
        call = Call(
            self.account.new_sid("CA"), request.path_params["account"], signing_token(request), to, sender,
            self.world.clock.now(),
        )  # fmt: skip
        self._ask_for(call, fields)
        call.changed_at = call.at
        self.account.calls[call.sid] = call
        call.arrived = self.world.outbox.add("phone", to, "", "queued", call=call.sid)
        self.world.truth.effect("twilio", "call.create", to, sid=call.sid)
        line = self.lines[call.sid] = Line(self.account, call, self.world.telephones.habit(to))
        line.begin()
        return JSONResponse(call_shown(call), 201)

    async def all(self, request: Request) -> Response:
        found = matching(request, self.account.calls.values(), "StartTime")
        return page(request, "calls", [call_shown(call) for call in found])

    async def get(self, request: Request) -> Response:
        return JSONResponse(call_shown(self._asked(request)))

    async def change(self, request: Request) -> Response:
        call, fields = self._asked(request), await arguments(request)
        line = self.lines[call.sid]
        status = fields.get("Status", [""])[0]
        if status not in ("", "completed", "canceled"):
            raise Wrong(400, 21218, f"Invalid Status: {status}")
        if status == "completed" or (status == "canceled" and call.status in ("queued", "ringing")):
            line.hang_up()
        url, document = (fields.get(name, [""])[0] for name in ("Url", "Twiml"))
        if url or document:
            if call.status != "in-progress":
                raise Wrong(400, 21220, "Call is not in-progress. Cannot redirect.")
            line.redirect(_address(url, 21205, "Url") if url else "", fields.get("Method", ["POST"])[0], document)
        self.world.truth.effect("twilio", "call.update", call.sid, status=status)
        return JSONResponse(call_shown(call))

    async def delete(self, request: Request) -> Response:
        call = self._asked(request)
        if not call.is_over:
            raise Wrong(400, 20009, "Call is not completed and cannot be deleted")
        del self.account.calls[call.sid]
        return Response(status_code=204)

    async def recordings(self, request: Request) -> Response:
        self._asked(request)
        return page(request, "recordings", [])

    def _ask_for(self, call: Call, fields: Fields) -> None:
        """What the call is to do, from the form."""

        def first(name: str, default: str = "") -> str:
            return fields.get(name, [default])[0]

        call.twiml, call.url = first("Twiml"), first("Url")
        if not call.twiml and not call.url:
            raise Wrong(400, 21205, "Url parameter is required")
        if call.url and not call.twiml:
            _address(call.url, 21205, "Url")
        if call.twiml:
            try:
                twiml.read(call.twiml)
            except twiml.WrongTwiml as wrong:
                raise Wrong(400, 12100, str(wrong)) from None
        call.method = first("Method", "POST")
        call.callback = _address(first("StatusCallback"), 21609, "StatusCallback")
        call.callback_method = first("StatusCallbackMethod", "POST")
        events = [event for given in fields.get("StatusCallbackEvent", []) for event in given.split()]
        if not set(events) <= set(EVENTS):
            raise Wrong(400, 21626, f"Invalid StatusCallbackEvent: {' '.join(events)}")
        call.events = tuple(events) or ("completed",)
        call.ring_seconds = min(600.0, twiml.number(first("Timeout"), 60.0))
        call.detects_machines = first("MachineDetection") in ("Enable", "DetectMessageEnd")

    def _refused(self, to: str) -> None:
        if to in REFUSED_TO:
            code, message = REFUSED_TO[to]
            raise Wrong(400, code, message.format(to=to))

    def _asked(self, request: Request) -> Call:
        call = self.account.calls.get(request.path_params["sid"])
        if call is None or call.account != request.path_params["account"]:
            raise not_found(request)
        return call


class Messages:
    def __init__(self, account: Account) -> None:
        self.account, self.world = account, account.world

    async def create(self, request: Request) -> Response:
        fields = await arguments(request)
        to, sender = _numbers(fields, (21604, 21603), lambda number: None)
        body = fields.get("Body", [""])[0]
        if not body:
            raise Wrong(400, 21602, "Message body is required.")
        if len(body) > MOST_TEXT:
            raise Wrong(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
        callback = _address(fields.get("StatusCallback", [""])[0], 21609, "StatusCallback")
        now = self.world.clock.now()
        sid, account = self.account.new_sid("SM"), request.path_params["account"]
        text = Text(sid, account, signing_token(request), to, sender, body, now, callback, changed_at=now)
        self.account.texts[sid] = text
        text.arrived = self.world.outbox.add("phone", to, body, "queued", text_message=sid)
        self.world.truth.effect("twilio", "message.create", to, sid=sid)
        fails = self.world.telephones.habit(to).does == "fail"
        for status, seconds in (("sending", 0.5), ("sent", 1.0), ("undelivered", 3.0)) if fails else TEXT_STEPS:
            self.world.clock.later(seconds, lambda status=status: self._becomes(text, status))  # type: ignore[misc]
        return JSONResponse(text_shown(text), 201)

    async def all(self, request: Request) -> Response:
        found = matching(request, self.account.texts.values(), "DateSent")
        return page(request, "messages", [text_shown(text) for text in found])

    async def get(self, request: Request) -> Response:
        return JSONResponse(text_shown(self._asked(request)))

    async def change(self, request: Request) -> Response:
        """All that can be changed of a message is to blot it out."""
        text, fields = self._asked(request), await arguments(request)
        if fields.get("Body") == [""]:
            text.body = ""
        return JSONResponse(text_shown(text))

    async def delete(self, request: Request) -> Response:
        del self.account.texts[self._asked(request).sid]
        return Response(status_code=204)

    def _becomes(self, text: Text, status: str) -> None:
        text.status, text.changed_at = status, self.world.clock.now()
        text.sent_at = text.sent_at or (text.changed_at if status == "sent" else None)
        text.error = 30003 if status == "undelivered" else None
        if text.arrived:
            text.arrived.state = status
        if text.callback:
            form = {
                "AccountSid": text.account,
                "ApiVersion": "2010-04-01",
                "From": text.sender,
                "MessageSid": text.sid,
                "MessageStatus": status,
                "SmsSid": text.sid,
                "SmsStatus": status,
                "To": text.to,
                **({"ErrorCode": str(text.error)} if text.error else {}),
            }
            self.account.send("POST", text.callback, form, text.token, lambda status, said: None, queue=text.sid)

    def _asked(self, request: Request) -> Text:
        text = self.account.texts.get(request.path_params["sid"])
        if text is None or text.account != request.path_params["account"]:
            raise not_found(request)
        return text


def _numbers(fields: Fields, missing: tuple[int, int], refuse: Callable[[str], None]) -> tuple[str, str]:
    to, sender = (fields.get(name, [""])[0].strip() for name in ("To", "From"))
    if not to:
        raise Wrong(400, missing[0], "No 'To' number is specified")
    if not sender and not fields.get("MessagingServiceSid"):
        raise Wrong(400, missing[1], "No 'From' number is specified")
    number = number_of(to)
    if not number:
        raise Wrong(400, 21211, f"The 'To' number {to} is not a valid phone number.")
    refuse(number)
    from_number = number_of(sender)
    if (sender and not from_number) or from_number == "+15005550001":
        raise Wrong(400, 21212, f"The 'From' number {sender} is not a valid phone number, shortcode, or alphanumeric sender ID.")  # fmt: skip # noqa: E501
    return number, from_number


def _address(url: str, code: int, name: str) -> str:
    """The address, if it is one on this machine; the sandbox sends nowhere else."""
    if url and not loopback.is_here(url):
        raise Wrong(
            400, code, f"{name} is not a valid URL: {url} is not on this machine, and the sandbox sends nowhere else"
        )
    return url
