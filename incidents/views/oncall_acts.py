"""Change who is on call: take it now, put somebody else on, swap, be absent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from dr_console.errors import Refused
from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from incidents.models import Absence, Contact, Override, Rotation, Swap
from incidents.oncall_forms import AbsenceForm, DeclineForm, OverrideForm, SwapForm, TakeForm
from incidents.queries import oncall_choices
from incidents.queries.oncall_words import CHANGE, COVER
from incidents.queries.people_of_contacts import contact_of
from incidents.services import oncall as services

A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Question:
    """A form's words. `back`: where one goes afterwards, and by `keep` without doing it."""

    title: str
    says: str
    button: str
    keep: str
    back: str
    said: str
    icon: str = "check"


@require_http_methods(["GET", "POST"])
@needs(COVER)
@never_cache
def take(request: ConsoleRequest, key: str) -> HttpResponse:
    rotation, me, at = _rotation(key), _me(request.user), now()
    until = oncall_choices.takes_until(rotation.key, at)
    form = TakeForm(_sent(request), zones=[rotation.time_zone], ends_at=until)
    question = Question(
        title=_("Take on-call now: %(rotation)s") % {"rotation": rotation},
        says=_("From this moment on you are paged, and whoever is on call now is relieved and told."),
        button=_("I am on call now"),
        keep=_("Leave it as it is"),
        back=reverse("incidents:rotation", args=[key]),
        said=_("You are on call."),
        icon="hand",
    )
    return _asked(
        request,
        question,
        form,
        lambda: services.take_now(rotation, me, until=form.cleaned_data["ends_at"], by=request.user),
    )


@require_http_methods(["GET", "POST"])
@needs(CHANGE)
@never_cache
def override(request: ConsoleRequest, key: str) -> HttpResponse:
    rotation, at = _rotation(key), now()
    people = oncall_choices.people(rotation.key)
    times = {"starts_at": at, "ends_at": at + A_DAY}
    form = OverrideForm(_sent(request), people=people, zones=[rotation.time_zone], **times)
    question = Question(
        title=_("Put somebody else on call: %(rotation)s") % {"rotation": rotation},
        says=_("For this time they are on call, whatever the rotation says. Both are told."),
        button=_("Put them on call"),
        keep=_("Leave it as it is"),
        back=reverse("incidents:rotation", args=[key]),
        said=_("Changed, and told to those whom it concerns."),
        icon="user",
    )

    def act() -> None:
        given = dict(form.cleaned_data)
        contact = _contact(given["contact"])
        times = {name: given[name] for name in ("starts_at", "ends_at")}
        services.override(rotation, contact, **times, reason=given["reason"], by=request.user)

    return _asked(request, question, form, act)


@require_POST
@needs(COVER)
def end_override(request: ConsoleRequest, pk: int) -> HttpResponse:
    made = get_object_or_404(Override, pk=pk)
    services.end_override(made, by=request.user)
    messages.success(request, _("The override is over: the rotation counts again."))
    return redirect("incidents:rotation", made.rotation_key)


@require_http_methods(["GET", "POST"])
@needs(COVER)
@never_cache
def offer_swap(request: ConsoleRequest, key: str) -> HttpResponse:
    """`?shift=`: the moment in which the shift begins that somebody else is to take; without it, the next one."""
    rotation, me, at = _rotation(key), _me(request.user), now()
    shift = oncall_choices.shift_to_swap(rotation.key, me.key, at, begins=request.GET.get("shift", ""))
    if shift is None:
        raise Refused(_("You have no shift in this rotation in the next twelve weeks."))
    form = SwapForm(
        _sent(request),
        exchanges=oncall_choices.exchanges(rotation.key, me.key, at),
        zones=[rotation.time_zone],
        starts_at=max(shift.starts_at, at),
        ends_at=shift.ends_at,
    )
    question = Question(
        title=_("Swap a shift: %(rotation)s") % {"rotation": rotation},
        says=_("They are asked, and accept or decline in the console. Until they accept, you are on call."),
        button=_("Ask them"),
        keep=_("Keep the shift"),
        back=reverse("incidents:my-shifts"),
        said=_("They are asked. Until they accept, you are on call."),
        icon="arrow-up-down",
    )

    def act() -> None:
        given = form.cleaned_data
        other, in_return = given["exchange"]
        services.offer_swap(
            rotation,
            from_contact=me,
            to_contact=_contact(other),
            starts_at=given["starts_at"],
            ends_at=given["ends_at"],
            in_return=in_return,
            reason=given["reason"],
            by=request.user,
        )

    return _asked(request, question, form, act)


@require_POST
@needs(COVER)
def accept_swap(request: ConsoleRequest, pk: int) -> HttpResponse:
    services.accept_swap(get_object_or_404(Swap, pk=pk), by=request.user)
    messages.success(request, _("Accepted: you stand in. Both of you are told."))
    return redirect("incidents:swap", pk)


@require_POST
@needs(COVER)
def decline_swap(request: ConsoleRequest, pk: int) -> HttpResponse:
    form = DeclineForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    services.decline_swap(get_object_or_404(Swap, pk=pk), reason=reason, by=request.user)
    messages.success(request, _("Declined. They are told, and stay on call."))
    return redirect("incidents:swap", pk)


@require_POST
@needs(COVER)
def withdraw_swap(request: ConsoleRequest, pk: int) -> HttpResponse:
    services.withdraw_swap(get_object_or_404(Swap, pk=pk), by=request.user)
    messages.success(request, _("Taken back: it stays as it was."))
    return redirect("incidents:swap", pk)


@require_http_methods(["GET", "POST"])
@needs(COVER)
@never_cache
def add_absence(request: ConsoleRequest) -> HttpResponse:
    may_change, at = request.user.has_perm(CHANGE), now()
    mine = contact_of(request.user) if may_change else _me(request.user)
    form = AbsenceForm(
        _sent(request),
        people=oncall_choices.people() if may_change else [],
        contact=mine.key if mine else "",
        starts_at=at,
        ends_at=at + A_DAY,
    )
    question = Question(
        title=_("Note an absence"),
        says=_("Whoever is absent is passed over in every rotation: the next one in turn is on call, and told."),
        button=_("Note the absence"),
        keep=_("No absence"),
        back=reverse("incidents:oncall" if may_change else "incidents:my-shifts"),
        said=_("Noted: somebody else has these shifts."),
        icon="calendar-days",
    )

    def act() -> None:
        given = dict(form.cleaned_data)
        contact = _contact(given["contact"]) if may_change else mine
        assert contact is not None
        times = {name: given[name] for name in ("starts_at", "ends_at")}
        services.add_absence(contact, **times, reason=given["reason"], by=request.user)

    return _asked(request, question, form, act)


@require_POST
@needs(COVER)
def end_absence(request: ConsoleRequest, pk: int) -> HttpResponse:
    services.end_absence(get_object_or_404(Absence, pk=pk), by=request.user)
    messages.success(request, _("The absence is over."))
    return redirect("incidents:oncall")


def _asked(request: ConsoleRequest, question: Question, form: forms.Form, act: Callable[[], object]) -> HttpResponse:
    """The form; what it leads to, once it is valid; and the form again with what stands in its way."""
    status, refused = 200, ""
    if form.is_bound and form.is_valid():
        try:
            act()
        except Refused as refusal:
            status, refused = 409, str(refusal)
        else:
            messages.success(request, question.said)
            return redirect(question.back)
    elif form.is_bound:
        status = 422
    context = {"question": question, "form": form, "refused": refused}
    return render(request, "incidents/oncall_form.html", context, status=status)


def _sent(request: ConsoleRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _rotation(key: str) -> Rotation:
    return get_object_or_404(Rotation.objects.current(), key=key)


def _contact(key: str) -> Contact:
    return get_object_or_404(Contact.objects.current(), key=key)


def _me(person: User) -> Contact:
    """Which contact somebody is who acts for themselves."""
    found = contact_of(person)
    if found is None:
        raise Refused(
            _("None of the plan’s contacts has your e-mail address: an administrator can add it to yours, or add you.")
        )
    return found
