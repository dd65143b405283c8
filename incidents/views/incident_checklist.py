"""An incident's own checklist: its panel, one item of it, and what people do with them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dr_console.errors import Refused
from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from dr_console.web.responses import dialog_closed, renewed
from incidents.checklist_forms import AddForm, DetailsForm
from incidents.models import ChecklistItem, ItemAction
from incidents.queries.checklist import PRESSED, QUESTIONS, ShownChecklist, shown_checklist
from incidents.queries.leads import lead_of
from incidents.services import checklist, checklist_actions
from incidents.views.room import the_incident

VIEW, RESPOND = "incidents.view_incident", "incidents.respond_to_incident"


@require_GET
@needs(VIEW)
@never_cache
def panel(request: ConsoleRequest, reference: str) -> HttpResponse:
    incident = the_incident(reference)
    return render(request, "incidents/_checklist.html", {"incident": incident, "checklist": shown_checklist(incident)})


@require_GET
@needs(VIEW)
@never_cache
def item(request: ConsoleRequest, reference: str, key: str) -> HttpResponse:
    found = _item(reference, key)
    return _show(request, found, DetailsForm(item=found))


@require_GET
@needs(VIEW)
@never_cache
def lead(request: ConsoleRequest, reference: str, key: str) -> HttpResponse:
    """Where the item leads to, as it stands at this moment."""
    return redirect(lead_of(_item(reference, key)))


@require_POST
@needs(RESPOND)
def tick(request: ConsoleRequest, reference: str, key: str) -> HttpResponse:
    found = _item(reference, key)
    return _do(request, found, partial(checklist.tick, found, by=request.user), _("The item is done."))


@require_POST
@needs(RESPOND)
def untick(request: ConsoleRequest, reference: str, key: str) -> HttpResponse:
    found = _item(reference, key)
    return _do(request, found, partial(checklist.untick, found, by=request.user), _("The item is to be done again."))


@require_POST
@needs(RESPOND)
def press(request: ConsoleRequest, reference: str, key: str) -> HttpResponse:
    """Do what the item leads to."""
    found = _item(reference, key)
    if found.action not in PRESSED:
        raise Refused(_("Nothing is done by pressing that. Open the item."))
    if found.action == ItemAction.ACTIVATE_TEAM:
        act, said = checklist_actions.page_team, _("The response team is being paged.")
    else:
        act, said = checklist_actions.verify_standby, _("The standby was asked: its answer stands at the item.")
    return _do(request, found, partial(act, found, by=request.user), said)


@require_POST
@needs(RESPOND)
def change(request: ConsoleRequest, reference: str, key: str) -> HttpResponse:
    found = _item(reference, key)
    form = DetailsForm(request.POST, item=found)
    if not form.is_valid():
        return _show(request, found, form, status=422)
    try:
        checklist.change(found, form.details, by=request.user, seen=form.cleaned_data["version"] or 0)
    except Refused as refusal:
        return _show_refused(request, _item(reference, key), form, str(refusal))
    return _changed(request, reference, _("The item has been changed."))


@require_POST
@needs(RESPOND)
def say_not_applicable(request: ConsoleRequest, reference: str, key: str) -> HttpResponse:
    found = _item(reference, key)
    try:
        checklist.say_not_applicable(found, by=request.user, reason=request.POST.get("reason", ""))
    except Refused as refusal:
        return _show_refused(request, _item(reference, key), DetailsForm(item=found), str(refusal))
    return _changed(request, reference, _("The item does not apply."))


@require_POST
@needs(RESPOND)
def move(request: ConsoleRequest, reference: str, key: str) -> HttpResponse:
    """Past its neighbour on the page. The dialog that it is pressed in stays open."""
    found = _item(reference, key)
    up = request.POST.get("to") == "up"
    checklist.move(found, by=request.user, up=up, past=_neighbour(found, up=up))
    if request.htmx:
        return renewed("checklist")
    return redirect("incidents:checklist-item", reference, key)


@require_POST
@needs(RESPOND)
def remove(request: ConsoleRequest, reference: str, key: str) -> HttpResponse:
    found = _item(reference, key)
    return _do(request, found, partial(checklist.remove, found, by=request.user), _("The item is off the list."))


@require_POST
@needs(RESPOND)
def answer(request: ConsoleRequest, reference: str) -> HttpResponse:
    condition, says = request.POST.get("condition", ""), request.POST.get("says", "")
    if condition not in QUESTIONS or says not in ("yes", "no"):
        raise Refused(_("The list does not ask that."))
    checklist.answer(the_incident(reference), condition, holds=says == "yes", by=request.user)
    return _changed(request, reference, _("Noted."))


@require_http_methods(["GET", "POST"])
@needs(RESPOND)
@never_cache
def add(request: ConsoleRequest, reference: str) -> HttpResponse:
    incident = the_incident(reference)
    items = [row.item for row in shown_checklist(incident).items]
    form = AddForm(request.POST or None, items=items)
    if not form.is_valid():
        return _ask(request, "checklist_add", {"incident": incident, "form": form}, 422 if form.is_bound else 200)
    after = next((one for one in items if one.key == form.cleaned_data["after"]), None)
    try:
        checklist.add(incident, form.cleaned_data["text"], by=request.user, after=after, details=form.details)
    except Refused as refusal:
        context = {"incident": incident, "form": form, "refused": str(refusal)}
        return _ask(request, "checklist_add", context, 409)
    return _changed(request, reference, _("The item is on the list."))


def _do(request: ConsoleRequest, found: ChecklistItem, act: Callable[[], object], said: str) -> HttpResponse:
    """A refusal is shown where the button was: the page's own messages lie behind an open dialog."""
    try:
        act()
    except Refused as refusal:
        if not request.htmx or request.htmx.target != "ask":
            raise
        found = _item(found.incident.reference, found.key)
        return _show_refused(request, found, DetailsForm(item=found), str(refusal))
    return _changed(request, found.incident.reference, said)


def _show_refused(request: ConsoleRequest, found: ChecklistItem, form: DetailsForm, refused: str) -> HttpResponse:
    """What was typed stays; saved once more, it is based on what stands there now, which is shown above it."""
    if form.is_bound:
        form = DetailsForm({**request.POST.dict(), "version": str(found.version)}, item=found)
    return _show(request, found, form, status=409, refused=refused)


def _show(
    request: ConsoleRequest, found: ChecklistItem, form: DetailsForm, *, status: int = 200, refused: str = ""
) -> HttpResponse:
    shown = shown_checklist(found.incident)
    context = {"incident": found.incident, "item": found, "form": form, "refused": refused}
    context |= {"may_respond": request.user.has_perm(RESPOND), "reason": request.POST.get("reason", "")}
    context |= {"row": next((row for row in shown.items if row.item == found), None)}
    return _ask(request, "checklist_item", context, status)


def _ask(request: ConsoleRequest, name: str, context: dict[str, Any], status: int) -> HttpResponse:
    template = f"incidents/_{name}_dialog.html" if request.htmx else f"incidents/{name}.html"
    return render(request, template, {"refused": "", **context}, status=status)


def _changed(request: ConsoleRequest, reference: str, said: str) -> HttpResponse:
    """To htmx: no dialog any more, and the panels renew themselves. To everyone else the page."""
    if not request.htmx:
        messages.success(request, said)
        return redirect("incidents:detail", reference)
    return dialog_closed("checklist")


def _neighbour(found: ChecklistItem, *, up: bool) -> ChecklistItem | None:
    """The one above or below it on the page; None at the end of the list."""
    items = _shown_items(shown_checklist(found.incident))
    at = items.index(found) if found in items else -1
    past = at - 1 if up else at + 1
    return items[past] if at >= 0 and 0 <= past < len(items) else None


def _shown_items(shown: ShownChecklist) -> list[ChecklistItem]:
    return [row.item for row in shown.items]


def _item(reference: str, key: str) -> ChecklistItem:
    items = ChecklistItem.objects.select_related("incident__service", "owner", "settled_by", "added_by")
    return get_object_or_404(items, incident__reference=reference, key=key, dropped_at=None)
