"""Contacts and vendors as files: to keep, and to bring in once somebody has seen what would change."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from dr_console.plans.models import PlanVersion
from dr_console.plans.queries import changes_between
from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from incidents.contact_forms import BringInForm, FileForm
from incidents.services import address_book

VIEW, CHANGE = "plans.view_plan", "plans.change_plan"
TYPES = {"csv": "text/csv; charset=utf-8", "vcf": "text/vcard; charset=utf-8"}
MOST_SHOWN = 100
PAGE = "incidents/address_book.html"


@require_GET
@needs(VIEW)
def overview(request: ConsoleRequest) -> HttpResponse:
    section = request.GET.get("of", "")
    form = FileForm(initial={"section": section if section in address_book.SECTIONS else "contacts"})
    return render(request, PAGE, {"form": form})


@require_GET
@needs(VIEW)
@never_cache
def export(request: ConsoleRequest, section: str, suffix: str) -> HttpResponse:
    response = HttpResponse(address_book.written(section, suffix), content_type=TYPES[suffix])
    response["Content-Disposition"] = f'attachment; filename="{section}-{now():%Y-%m-%d}.{suffix}"'
    return response


@require_POST
@needs(CHANGE)
@never_cache
def preview(request: ConsoleRequest) -> HttpResponse:
    """What a file would change, and everything that is wrong with it."""
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, PAGE, {"form": form}, status=422)
    section, text = form.cleaned_data["section"], form.cleaned_data["text"]
    proposal = address_book.propose(section, text)
    if proposal.wrong or not proposal.changes:
        return render(request, PAGE, {"form": form, **_shown(proposal)}, status=422 if proposal.wrong else 200)
    name = form.cleaned_data["file"].name
    confirm = BringInForm(initial={"section": section, "text": text, "base": proposal.base, "name": name})
    return render(request, "incidents/address_book_preview.html", {"form": confirm, **_shown(proposal)})


@require_POST
@needs(CHANGE)
def bring_in(request: ConsoleRequest) -> HttpResponse:
    form = BringInForm(request.POST)
    if not form.is_valid():
        return render(request, PAGE, {"form": FileForm(), "is_broken": True}, status=422)
    said = form.cleaned_data
    version = address_book.bring_in(
        said["section"], said["text"], base_version=said["base"], by=request.user, name=said["name"]
    )
    messages.success(request, _("Saved as version %(number)d.") % {"number": version.number})
    return redirect(reverse(f"incidents:{said['section']}"))


def _shown(proposal: address_book.Proposal) -> dict[str, Any]:
    """`changes`: as the comparison of two versions shows them."""
    before, after = (PlanVersion(content={proposal.section: entries}) for entries in (proposal.known, proposal.entries))
    changes = [] if proposal.wrong else changes_between(before, after)
    return {
        "proposal": proposal,
        "changes": changes[:MOST_SHOWN],
        "more_changes": max(0, len(changes) - MOST_SHOWN),
        "wrong": proposal.wrong[:MOST_SHOWN],
        "more_wrong": max(0, len(proposal.wrong) - MOST_SHOWN),
    }
