"""The door for other programs' alerts. What is said here is for programs, in English and JSON."""

from __future__ import annotations

import json

import structlog
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from dr_console.web.sentences import spoken
from incidents.models import AlertPayload, AlertSource
from incidents.services import alert_intake
from incidents.services.alert_sources import SecretUnreadable

log = structlog.get_logger(__name__)

Outcome = AlertPayload.Outcome
RETRY_SECONDS = 10
GOOD = {Outcome.TAKEN: "taken", Outcome.REPEATED: "known", Outcome.IGNORED: "ignored", Outcome.PAUSED: "paused"}


@csrf_exempt
@login_not_required
@never_cache
def hook(request: HttpRequest, key: str) -> HttpResponse:
    """Whatever goes wrong on our side is answered with 503: senders try again then, and do not after a 4xx."""
    try:
        return _answered(request, key)
    except DatabaseError as error:
        log.error("An alert could not be put down", source=key, error=str(error))
        return _later("The database of the console does not answer: send it again.")
    except SecretUnreadable:
        return _later("The console cannot read the secret of this source: an administrator has to give it another one.")


def _answered(request: HttpRequest, key: str) -> HttpResponse:
    source = AlertSource.objects.filter(key=key, removed_at=None).first()
    if source is None:
        return _json({"error": "There is no such source of alerts."}, 404)
    # A heartbeat is often no more than a line of cron.
    methods = ["POST", "GET", "HEAD"] if source.kind == AlertSource.Kind.HEARTBEAT else ["POST"]
    if request.method not in methods:
        return _json({"error": f"Send {' or '.join(methods[:2])}."}, 405, Allow=", ".join(methods))
    body = _body(request)
    address = request.META.get("REMOTE_ADDR", "")
    if body is None:
        return _said(alert_intake.too_big(source, address=address))
    headers = {name.lower(): value for name, value in request.headers.items()}
    return _said(alert_intake.receive(source, alert_intake.Call(body, headers, address)))


def _body(request: HttpRequest) -> bytes | None:
    """None where it is longer than anybody needs: then it is not read."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) > alert_intake.MOST_BYTES:
        return None
    body = request.read(alert_intake.MOST_BYTES + 1)
    return None if len(body) > alert_intake.MOST_BYTES else body


def _said(answer: alert_intake.Answer) -> HttpResponse:
    with translation.override("en"):
        words = spoken(answer.said)
    if answer.status == 401:
        return _json({"error": words}, 401, **{"WWW-Authenticate": 'Bearer realm="DR Console"'})
    if answer.status >= 400:
        return _json({"error": words}, answer.status)
    return _json({"status": GOOD[answer.outcome], "said": words}, answer.status)


def _later(words: str) -> HttpResponse:
    return _json({"error": words}, 503, **{"Retry-After": str(RETRY_SECONDS)})


def _json(value: dict[str, str], status: int, **headers: str) -> HttpResponse:
    body = json.dumps(value, ensure_ascii=False)
    return HttpResponse(body, status=status, content_type="application/json; charset=utf-8", headers=headers)
