"""The Server-Sent Events endpoint: decides who may watch, then hands the connection over to the hub."""

from __future__ import annotations

from functools import partial
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from dr_console.live import topics
from dr_console.live.handover import hand_over
from dr_console.live.viewers import Watch

# Only where no hub takes over, as under WSGI, and the stream therefore ends at once: then pages come back this late.
ASK_AGAIN = b"retry: 15000\n\n"


@require_GET
def stream(request: HttpRequest, topic: str) -> HttpResponse:
    try:
        welcome = isinstance(request.user, User) and topics.may_watch(request.user, topic)
    except topics.UnknownTopic:
        raise Http404 from None
    if not welcome:
        raise PermissionDenied
    try:
        after = _cursor(request)
    except ValueError:
        sentence = _("The number of the last event that was seen must be a whole number, as the stream itself gave it.")
        return HttpResponseBadRequest(sentence, content_type="text/plain; charset=utf-8")

    may_stay = partial(still_welcome, request.session.session_key, topic)
    person = (request.user.pk or 0) if topics.is_attended(topic) else 0
    hand_over(getattr(request, "scope", {}), Watch(topic, after, may_stay, person))
    response = HttpResponse(ASK_AGAIN, content_type="text/event-stream")
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"  # nginx would otherwise hold events back
    return response


def _cursor(request: HttpRequest) -> int | None:
    """The last event that the page has seen; None for a page that has just opened.

    The header wins: when a browser connects again by itself, the address is still the one from before.
    """
    given = request.headers.get("Last-Event-ID") or request.GET.get("after") or ""
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise ValueError(given)
    return int(given)


def still_welcome(session_key: str | None, topic: str) -> bool:
    """Whether a stream may go on: the session lives, the person is active, and the topic is still theirs to see."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    try:
        return isinstance(user, User) and topics.may_watch(user, topic)
    except topics.UnknownTopic:
        return False
