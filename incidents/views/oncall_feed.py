"""Calendar feeds of on-call: their addresses, and what calendar programs read there."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dr_console.people.queries import preferences_of
from dr_console.web.access import PermissionMissing, needs
from dr_console.web.requests import ConsoleRequest
from dr_console.web.responses import invalid
from incidents.models import OnCallFeed, Rotation
from incidents.oncall_forms import FeedForm
from incidents.oncall_ical import of_feed
from incidents.queries.oncall_words import CHANGE, COVER
from incidents.queries.people_of_contacts import contact_of
from incidents.services import oncall_feeds as services

MINE = "mine"


@require_safe
@login_not_required
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """Whoever knows the address reads it, in the language of whoever made it."""
    found = services.asked(secret)
    if found is None:
        raise Http404
    with translation.override(preferences_of(found.made_by).language or settings.LANGUAGE_CODE):
        body = of_feed(found, at=now())
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    response["Content-Disposition"] = 'inline; filename="on-call.ics"'
    answered = get_conditional_response(request, etag=etag, response=response)
    return answered or response


@require_http_methods(["GET", "HEAD", "POST"])
@needs(COVER)
@never_cache
def add(request: ConsoleRequest) -> HttpResponse:
    """`?rotation=`: the one that is meant at first."""
    me = contact_of(request.user)
    rotations = list(Rotation.objects.current())
    offered = [(MINE, _("Mine: %(name)s") % {"name": me.name})] if me else []
    offered += [(f"rotation:{one.key}", str(one)) for one in rotations]
    wanted = f"rotation:{request.GET['rotation']}" if "rotation" in request.GET else MINE
    form = FeedForm(request.POST if request.method == "POST" else None, of=offered, initial={"of": wanted})
    if not form.is_bound:
        return render(request, "incidents/oncall_feed_add.html", {"form": form})
    if not form.is_valid():
        return invalid(request, "incidents/oncall_feed_add.html", {"form": form})
    chosen = next((one for one in rotations if form.cleaned_data["of"] == f"rotation:{one.key}"), me)
    assert chosen is not None
    made, plain = services.make(chosen, name=form.cleaned_data["name"], by=request.user)
    # It is in this answer and nowhere else: not in the session, not in the log.
    address = f"{settings.DR_PUBLIC_URL}{reverse('incidents:oncall-feed', args=[plain])}"
    return render(request, "incidents/oncall_feed_made.html", {"feed": made, "of": chosen, "address": address})


@require_POST
@needs(COVER)
def revoke(request: ConsoleRequest, pk: int) -> HttpResponse:
    """One's own; whoever may change on-call, everybody's."""
    found = get_object_or_404(OnCallFeed, pk=pk)
    if found.made_by_id != request.user.pk and not request.user.has_perm(CHANGE):
        raise PermissionMissing(CHANGE)
    services.revoke(found, by=request.user)
    messages.success(request, _("Revoked: nothing answers at this address any more."))
    if found.rotation_key and found.made_by_id != request.user.pk:
        return redirect("incidents:rotation", found.rotation_key)
    return redirect("incidents:my-shifts")
