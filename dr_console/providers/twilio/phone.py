"""Twilio's calls and messages: https://www.twilio.com/docs/voice/api/call-resource."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_noop as _
from pydantic import BaseModel

from dr_console.providers.capabilities.phone import Announcement, CallState, PhoneCall, TextMessage, dialled
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Answer, Wire, Words
from dr_console.providers.twilio.twiml import twiml

VENDOR = "Twilio"
CALL = _("make a telephone call")
READ_CALL = _("read how far a call got")
HANG_UP = _("end a call")
TEXT = _("send a text message")
READ_TEXT = _("read how far a text message got")
READ_ACCOUNT = _("read the account")
READ_NUMBERS = _("read its telephone numbers")

VERSION = "/2010-04-01"
RING_SECONDS = 30
TEXT_CHARACTERS = 1_600
SKEW = timedelta(minutes=1)
PAGE = 50
# That it is dialled and rings is no news: a thousand calls would be two thousand call-backs more.
STATUS_EVENTS = ("answered", "completed")


class _Call(BaseModel):
    sid: str
    to: str
    status: CallState
    answered_by: str | None = None
    duration: str | None = None
    date_created: str | None = None
    start_time: str | None = None

    def phone_call(self) -> PhoneCall:
        answered_by = "machine" if (self.answered_by or "").startswith(("machine", "fax")) else self.answered_by or ""
        seconds = int(self.duration) if self.duration and self.duration.isdigit() else None
        began_at = _moment(self.date_created) or _moment(self.start_time)
        known = answered_by if answered_by in ("human", "machine") else ""
        return PhoneCall(self.sid, self.to, self.status, known, seconds, began_at)


class _Text(BaseModel):
    sid: str
    to: str
    status: str
    body: str = ""
    date_created: str | None = None


class _Account(BaseModel):
    sid: str
    friendly_name: str = ""
    status: str
    type: str = ""


class _Number(BaseModel):
    phone_number: str
    capabilities: dict[str, bool] = {}


class TwilioPhone:
    """A PhoneProvider and a TextingProvider. Twilio has no key that makes a repeat harmless."""

    def call(self, to: str, announcement: Announcement, *, key: str, deadline: Deadline) -> PhoneCall:
        form: dict[str, Any] = {
            "To": dialled(to),
            "From": credential("twilio", "from_number", operation=CALL),
            "Twiml": twiml(announcement),
            "Timeout": str(RING_SECONDS),
            "MachineDetection": "Enable",
        }
        if announcement.status_url:
            form |= {
                "StatusCallback": announcement.status_url,
                "StatusCallbackMethod": "POST",
                "StatusCallbackEvent": list(STATUS_EVENTS),
            }
        return self._ask("POST", "/Calls.json", CALL, deadline, form=form).read_as(_Call).phone_call()

    def state(self, id: str, *, deadline: Deadline) -> PhoneCall:
        return self._ask("GET", f"/Calls/{id}.json", READ_CALL, deadline).read_as(_Call).phone_call()

    def hang_up(self, id: str, *, deadline: Deadline) -> PhoneCall:
        """End a call, in whatever state it is. Harmless to repeat."""
        answer = self._ask("POST", f"/Calls/{id}.json", HANG_UP, deadline, form={"Status": "completed"}, harmless=True)
        return answer.read_as(_Call).phone_call()

    def find(self, to: str, *, since: datetime, deadline: Deadline) -> PhoneCall | None:
        params = {"To": dialled(to), "From": credential("twilio", "from_number", operation=READ_CALL), "PageSize": PAGE}
        answer = self._ask("GET", "/Calls.json", READ_CALL, deadline, params=params)
        calls = [call.phone_call() for call in answer.read_as(list[_Call], at="calls")]
        made = [call for call in calls if call.began_at is None or call.began_at >= since - SKEW]
        return max(made, key=_age, default=None)

    def text(self, to: str, text: str, *, status_url: str = "", deadline: Deadline) -> TextMessage:
        form = {
            "To": dialled(to),
            "From": credential("twilio", "from_number", operation=TEXT),
            "Body": text[:TEXT_CHARACTERS],
        }
        if status_url:
            form["StatusCallback"] = status_url
        return _text_message(self._ask("POST", "/Messages.json", TEXT, deadline, form=form).read_as(_Text))

    def text_state(self, id: str, *, deadline: Deadline) -> TextMessage:
        return _text_message(self._ask("GET", f"/Messages/{id}.json", READ_TEXT, deadline).read_as(_Text))

    def find_text(self, to: str, text: str, *, since: datetime, deadline: Deadline) -> TextMessage | None:
        params = {"To": dialled(to), "From": credential("twilio", "from_number", operation=READ_TEXT), "PageSize": PAGE}
        answer = self._ask("GET", "/Messages.json", READ_TEXT, deadline, params=params)
        for found in answer.read_as(list[_Text], at="messages"):  # Twilio lists the newest first
            at = _moment(found.date_created)
            # In front of what a trial account sends stands a sentence of Twilio's own.
            if found.body.endswith(text[:TEXT_CHARACTERS]) and (at is None or at >= since - SKEW):
                return _text_message(found)
        return None

    def account(self, *, deadline: Deadline) -> tuple[str, str, str]:
        """Name, state and kind of the account: ("DR", "active", "Full"). A "Trial" one calls only verified numbers."""
        found = self._ask("GET", ".json", READ_ACCOUNT, deadline).read_as(_Account)
        return found.friendly_name, found.status, found.type

    def can_call_from(self, number: str, *, deadline: Deadline) -> bool | None:
        """Whether the number is the account's and can speak; None if the account does not have it."""
        params = {"PhoneNumber": number, "PageSize": PAGE}
        answer = self._ask("GET", "/IncomingPhoneNumbers.json", READ_NUMBERS, deadline, params=params)
        numbers = answer.read_as(list[_Number], at="incoming_phone_numbers")
        found = next((one for one in numbers if one.phone_number == number), None)
        return None if found is None else found.capabilities.get("voice", False)

    def _ask(self, method: str, below: str, operation: str, deadline: Deadline, **more: Any) -> Answer:
        sid = credential("twilio", "account_sid", operation=operation)
        token = credential("twilio", "auth_token", operation=operation)
        wire = Wire(VENDOR, settings.DR_VENDOR_URLS["twilio"], auth=(sid, token), secrets=(token,), refusal=_refusal)
        path = f"{VERSION}/Accounts/{sid}{below}"
        return wire.call(method, path, operation=operation, deadline=deadline, **more)


def _refusal(status: int, body: Any) -> Words | None:
    if status < 400:
        return None
    if not isinstance(body, dict):
        return Words()
    return Words(str(body.get("code") or ""), str(body.get("message") or ""))


def _text_message(text: _Text) -> TextMessage:
    return TextMessage(text.sid, text.to, text.status)


def _moment(text: str | None) -> datetime | None:
    """Twilio's own dates are those of mail: "Sun, 22 Nov 2026 15:00:00 +0000"."""
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None


def _age(call: PhoneCall) -> datetime:
    return call.began_at or datetime.max.replace(tzinfo=UTC)
