"""What vendors of telephone calls tell: the key that was pressed, and how far the call got.

Twilio: https://www.twilio.com/docs/voice/twiml/gather and https://www.twilio.com/docs/voice/api/call-resource#statuscallback
A voice webhook of one's own: docs/clouds.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext

from dr_console.notifications import tokens
from dr_console.notifications.callbacks import calls
from dr_console.notifications.callbacks.calls import Heard
from dr_console.notifications.callbacks.views.door import (
    address_of,
    door,
    form_of,
    json_of,
    log,
    say,
    turned_away,
)
from dr_console.notifications.channels import phone
from dr_console.notifications.models import Delivery
from dr_console.notifications.tokens import Use
from dr_console.providers import signatures
from dr_console.providers.capabilities.phone import Announcement, CallState
from dr_console.providers.credentials import credential_or_none
from dr_console.providers.signatures import Verdict
from dr_console.providers.twilio.twiml import reply

# The voice webhook's reports have no number: a call goes through these in this order.
ORDER = {CallState.QUEUED: 1, CallState.RINGING: 2, CallState.IN_PROGRESS: 3}
ENDED = 4


@door
def twilio_keys(request: HttpRequest, body: bytes, token: str) -> HttpResponse:
    """Answered in TwiML: what is said to whoever is on the line, and where need be the question again."""
    form = form_of(body)
    if (no := turned_away(_twilio_verdict(request, form))) is not None:
        return no
    number = _number(token, Use.KEYS)
    if number is None:
        return _twiml(reply(gettext("This call can no longer be answered.")))
    try:
        delivery = Delivery.objects.filter(pk=number).first()
        heard = calls.press(delivery, _first(form, "Digits")) if delivery else Heard("")
    except DatabaseError as error:
        # With a 503, Twilio would say that an application error has occurred, and hang up.
        log.error("a pressed key could not be taken", error=str(error).strip())
        again = Announcement(text="", question=gettext("Press the key again."), keys_url=address_of(request))
        return _twiml(reply(gettext("The console cannot take your answer now."), again=again))
    if delivery is None or not heard.asks_again:
        return _twiml(reply(heard.said, delivery.language if delivery else ""))
    asked = phone.announcement_of(delivery, phone.TWILIO)
    return _twiml(reply(heard.said, delivery.language, again=asked))


@door
def twilio_status(request: HttpRequest, body: bytes, token: str) -> HttpResponse:
    form = form_of(body)
    if (no := turned_away(_twilio_verdict(request, form))) is not None:
        return no
    sequence = _first(form, "SequenceNumber")
    # Twilio counts from 0; a call-back without a number has no order.
    seq = int(sequence) + 1 if sequence.isdecimal() else 0
    answered_by = _first(form, "AnsweredBy")
    by = calls.MACHINE if answered_by.startswith(("machine", "fax")) else answered_by
    _report(token, _first(form, "CallStatus"), by, seq)
    return HttpResponse(status=204)


@door
def voice_keys(request: HttpRequest, body: bytes, token: str) -> HttpResponse:
    """Answered with what is to be said, and whether the question is to be asked again."""
    if (no := turned_away(_voice_verdict(request, body))) is not None:
        return no
    told = _object(body)
    number = _number(token, Use.KEYS)
    delivery = Delivery.objects.filter(pk=number).first() if number else None
    if delivery is None:
        return say({"error": "This call can no longer be answered."}, 410)
    heard = calls.press(delivery, str(told.get("digits", "")))
    return say({"said": heard.said, "asks_again": heard.asks_again}, 200)


@door
def voice_status(request: HttpRequest, body: bytes, token: str) -> HttpResponse:
    if (no := turned_away(_voice_verdict(request, body))) is not None:
        return no
    told = _object(body)
    _report(token, str(told.get("status", "")), str(told.get("answered_by", "")), None)
    return HttpResponse(status=204)


def _report(token: str, state: str, answered_by: str, seq: int | None) -> None:
    """What is too late, of another call, or a word that we do not know, changes nothing."""
    number, known = _number(token, Use.STATUS), _state(state)
    delivery = Delivery.objects.filter(pk=number).first() if number else None
    if delivery is not None and known is not None:
        calls.report(delivery, known, answered_by, seq=ORDER.get(known, ENDED) if seq is None else seq)


def _state(word: str) -> CallState | None:
    """Twilio says “initiated” once a queued call is dialled."""
    word = {"initiated": "queued"}.get(word, word)
    return CallState(word) if word in set(CallState) else None


def _number(token: str, use: Use) -> int | None:
    try:
        return tokens.delivery_of(token, use)[0]
    except tokens.Worthless:
        return None


def _twilio_verdict(request: HttpRequest, form: Mapping[str, list[str]]) -> Verdict:
    return signatures.twilio(
        address_of(request),
        form,
        request.headers.get("X-Twilio-Signature"),
        secret=credential_or_none("twilio", "auth_token"),
        settings=request.headers.get("X-Twilio-Webhooks-Signature-Settings"),
    )


def _voice_verdict(request: HttpRequest, body: bytes) -> Verdict:
    signature, secret = request.headers.get("X-DR-Signature"), credential_or_none("voice", "secret")
    return signatures.voice(body, signature, secret=secret, at=now().timestamp())


def _first(form: Mapping[str, list[str]], name: str) -> str:
    return form.get(name, [""])[0]


def _object(body: bytes) -> Mapping[str, Any]:
    value = json_of(body)
    return value if isinstance(value, dict) else {}


def _twiml(document: str) -> HttpResponse:
    return HttpResponse(document, content_type="text/xml; charset=utf-8")
