"""The page behind a link in a message: it asks, and only what is pressed on it acts.

It needs no login, as whoever was woken may have none at hand. Programs that open every link in a letter change nothing
by it, and pressing twice does no harm.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from dr_console.notifications import bundles, offers, services, tokens
from dr_console.notifications.models import Channel, Delivery
from dr_console.notifications.purposes import Answer, Reply, Wish, purpose
from dr_console.operations.clock import shared_now
from dr_console.web.sentences import spoken

PAGE, NO_PAGE = "notifications/answer.html", "notifications/answer_gone.html"
VIA = "link"
MOST_NAME = 200
# What a clock that is wrong, or a page that was left open, may say of when it was read.
OLDEST = timedelta(days=3)
SECURED = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}


# The token is what allows it, and nobody can make a browser send one that they do not have.
@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    try:
        number, use = tokens.delivery_of(token, tokens.Use.ACKNOWLEDGE, tokens.Use.ESCALATE)
    except tokens.Expired:
        return _gone(request, _("This link was good for three days, which are over."), 410)
    except tokens.Worthless:
        return _gone(request, _("This is no link of this console, or a part of it is missing."), 404)
    delivery = Delivery.objects.filter(pk=number).first()
    if delivery is None or purpose(delivery.purpose) is None:
        return _gone(request, _("The message that this link was in is not there any more."), 404)
    wish = Wish(use.value)
    reply = _answered(request, delivery, wish) if request.method == "POST" else None
    delivery.refresh_from_db()
    return _secured(render(request, PAGE, _shown(delivery, wish, reply)))


def _answered(request: HttpRequest, delivery: Delivery, wish: Wish) -> Reply:
    person = request.user if request.user.is_authenticated else None
    name = (person.get_full_name() or person.get_username()) if person else _whose(delivery)
    as_of = _read_at(request.POST.get("as_of", ""), delivery)
    answer = Answer(wish, name[:MOST_NAME] or _("somebody"), VIA, as_of, person.pk if person else None)
    return services.answer(delivery, answer)


def _whose(delivery: Delivery) -> str:
    """Whoever got the letter; of a room or a program, nobody knows who found the link there."""
    if delivery.channel in (Channel.EMAIL, Channel.PHONE):
        return delivery.recipient or delivery.address
    return f"{_('somebody')} ({delivery.get_channel_display()})"


def _read_at(given: str, delivery: Delivery) -> datetime:
    """When the page that was answered was made; where it does not say, the message is what they know."""
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not shared_now() - OLDEST <= at <= shared_now():
        return delivery.handed_over_at or delivery.created_at
    return at


def _shown(delivery: Delivery, wish: Wish, reply: Reply | None) -> dict[str, Any]:
    is_open = wish in offers.wishes(delivery) and bundles.may_be_answered(delivery)
    return {
        "delivery": delivery,
        "facts": delivery.payload.get("facts", []),
        "url": delivery.payload.get("url", ""),
        "escalates": wish is Wish.ESCALATE,
        "is_open": is_open,
        "said": spoken(reply.said) if reply else "",
        "is_done": reply is not None and reply.is_done,
        "as_of": shared_now().isoformat(),
    }


def _gone(request: HttpRequest, why: str, status: int) -> HttpResponse:
    return _secured(
        render(request, NO_PAGE, {"text": why, "status": status, "back": resolve_url("home")}, status=status)
    )


def _secured(response: HttpResponse) -> HttpResponse:
    """The address is a key: it is told to no other page, and found by no search."""
    for name, value in SECURED.items():
        response[name] = value
    return response
