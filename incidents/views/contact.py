"""Whom to call: the lists, one contact or vendor with what is known of each of their addresses, and trying them."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dr_console.plans.queries import current_number
from dr_console.web.access import PermissionMissing, needs
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from dr_console.web.responses import renewed
from incidents.contact_forms import ChannelForm, MoveForm, ToldForm
from incidents.filters import ContactFilter, VendorFilter
from incidents.models import Contact, ContactChannel, Vendor, VendorChannel
from incidents.queries.contact_page import contact_page, vendor_page
from incidents.queries.people_of_contacts import contact_of
from incidents.services import channel_tests, contacts
from incidents.tables import ContactTable, VendorTable

VIEW, CHANGE, TEST = "plans.view_plan", "plans.change_plan", "incidents.test_channel"
Owner = TypeVar("Owner", Contact, Vendor)


@require_GET
@needs(VIEW)
def contact_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=Contact.objects.current().prefetch_related("channels"),
        table_class=ContactTable,
        filterset_class=ContactFilter,
        template="incidents/contact_list.html",
    )


@require_GET
@needs(VIEW)
def vendor_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=Vendor.objects.current().prefetch_related("channels"),
        table_class=VendorTable,
        filterset_class=VendorFilter,
        template="incidents/vendor_list.html",
    )


@require_GET
@needs(VIEW)
@never_cache
def contact_detail(request: ConsoleRequest, key: str) -> HttpResponse:
    template = "incidents/_contact.html" if request.htmx else "incidents/contact_detail.html"
    return render(request, template, _shown(request, _one(Contact.objects.current(), key)))


@require_GET
@needs(VIEW)
@never_cache
def vendor_detail(request: ConsoleRequest, key: str) -> HttpResponse:
    template = "incidents/_vendor.html" if request.htmx else "incidents/vendor_detail.html"
    return render(request, template, _shown(request, _one(Vendor.objects.current(), key)))


@require_POST
@needs(VIEW)
def test_channel(request: ConsoleRequest, key: str) -> HttpResponse:
    """Everybody may try their own addresses."""
    if not _may_test(request, key):
        raise PermissionMissing(TEST)
    contact = _one(Contact.objects.current(), key)
    channel_tests.send(contact, _channel(request, contact), by=request.user)
    return _done(request, contact, _("The test is on its way. What is answered shows here."))


@require_POST
@needs(VIEW)
def test_all(request: ConsoleRequest, key: str) -> HttpResponse:
    if not _may_test(request, key):
        raise PermissionMissing(TEST)
    contact = _one(Contact.objects.current(), key)
    count = len(channel_tests.send_all(contact, by=request.user))
    said = ngettext("%(count)d test is on its way.", "%(count)d tests are on their way.", count)
    return _done(request, contact, said % {"count": count})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(TEST)
@never_cache
def contact_told(request: ConsoleRequest, key: str) -> HttpResponse:
    return _told(request, _one(Contact.objects.current(), key))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(TEST)
@never_cache
def vendor_told(request: ConsoleRequest, key: str) -> HttpResponse:
    return _told(request, _one(Vendor.objects.current(), key))


@require_POST
@needs(CHANGE)
def contact_move(request: ConsoleRequest, key: str) -> HttpResponse:
    return _move(request, _one(Contact.objects.current(), key))


@require_POST
@needs(CHANGE)
def vendor_move(request: ConsoleRequest, key: str) -> HttpResponse:
    return _move(request, _one(Vendor.objects.current(), key))


def _move(request: ConsoleRequest, owner: Contact | Vendor) -> HttpResponse:
    form = MoveForm(request.POST)
    if not form.is_valid():
        raise Http404
    channel = _channel(request, owner)
    contacts.move_channel(
        owner, channel, up=form.cleaned_data["to"] == "up", base_version=form.cleaned_data["base"], by=request.user
    )
    return _done(request, owner, _("The order is changed."))


def _told(request: ConsoleRequest, owner: Contact | Vendor) -> HttpResponse:
    """What somebody said by another way: who it was, and then it is written down."""
    asked = request.POST if request.method == "POST" else request.GET
    channel = _channel_of(owner, ChannelForm(asked))
    form = ToldForm(request.POST if request.method == "POST" else None, initial={"name": owner.name})
    context = {"owner": owner, "channel": channel, "form": form}
    if not form.is_valid():
        return render(request, "incidents/channel_told.html", context, status=422 if form.is_bound else 200)
    channel_tests.write_down(owner, channel, by=request.user, name=form.cleaned_data["name"])
    messages.success(request, _("Written down: %(address)s is answered.") % {"address": channel.address})
    return redirect(owner)


def _one(current: QuerySet[Owner], key: str) -> Owner:
    return get_object_or_404(current.prefetch_related("channels"), key=key)


def _channel(request: ConsoleRequest, owner: Contact | Vendor) -> Any:
    return _channel_of(owner, ChannelForm(request.POST))


def _channel_of(owner: Contact | Vendor, form: ChannelForm) -> ContactChannel | VendorChannel:
    """The channel that the form names; 404 for one that the plan does not have any more."""
    wanted = (form.cleaned_data["kind"], form.cleaned_data["address"]) if form.is_valid() else None
    found = next((one for one in owner.channels.all() if (one.kind, one.address) == wanted), None)
    if found is None:
        raise Http404
    return found


def _may_test(request: ConsoleRequest, key: str) -> bool:
    if request.user.has_perm(TEST):
        return True
    own = contact_of(request.user)
    return own is not None and own.key == key


def _shown(request: ConsoleRequest, owner: Contact | Vendor) -> dict[str, Any]:
    """`base`: the version of the plan that the page shows, which what is changed on it starts from."""
    is_contact = isinstance(owner, Contact)
    return {
        "owner": owner,
        "page": contact_page(owner) if isinstance(owner, Contact) else vendor_page(owner),
        "may_test": is_contact and _may_test(request, owner.key),
        "may_write_down": request.user.has_perm(TEST),
        "may_change": request.user.has_perm(CHANGE),
        "base": current_number(),
    }


def _done(request: ConsoleRequest, owner: Contact | Vendor, said: str) -> HttpResponse:
    if request.htmx:
        return renewed("contacts")
    messages.success(request, said)
    return redirect(owner)
