"""PagerDuty's webhooks and Slack's buttons."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now

from dr_console.notifications.callbacks import pagerduty, slack, subscriptions
from dr_console.notifications.callbacks.views.door import door, form_of, json_of, later, say, turned_away
from dr_console.providers import signatures
from dr_console.providers.credentials import credential_or_none


@door
def pagerduty_hook(request: HttpRequest, body: bytes) -> HttpResponse:
    """Answered with 202, as PagerDuty asks for, within five seconds."""
    secrets = subscriptions.secrets(pagerduty.VENDOR)
    if not secrets:
        return later("The console has no secret of PagerDuty’s webhooks.")
    verdict = signatures.pagerduty(body, request.headers.get("X-PagerDuty-Signature"), secrets=secrets)
    if (no := turned_away(verdict)) is not None:
        return no
    try:
        return say({"status": pagerduty.take(json_of(body))}, 202)
    except pagerduty.Malformed:
        return say({"error": "This is no event of PagerDuty’s webhooks, version 3."}, 400)


@door
def slack_hook(request: HttpRequest, body: bytes) -> HttpResponse:
    """Answered with nothing, as Slack asks for: what came of it is said in the message itself."""
    secret = credential_or_none("slack", "signing_secret")
    if not secret:
        return later("The console has no signing secret of Slack.")
    signature, timestamp = (request.headers.get(f"X-Slack-{name}") for name in ("Signature", "Request-Timestamp"))
    verdict = signatures.slack(body, signature, timestamp, secret=secret, at=now().timestamp())
    if (no := turned_away(verdict)) is not None:
        return no
    slack.take(json_of(form_of(body).get("payload", [""])[0].encode()))
    return HttpResponse(status=200)
