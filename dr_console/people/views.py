"""The pages about people and about programs' tokens, for administrators, and everybody's own preferences."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dr_console.audit.queries import latest_about
from dr_console.people import services
from dr_console.people import tokens as api_tokens
from dr_console.people.forms import DetailsForm, PersonForm, PreferencesForm, ResetLoginForm, RoleForm, TokenForm
from dr_console.people.models import ApiToken
from dr_console.people.queries import login_methods, preferences_of, role_of
from dr_console.people.tables import PeopleFilters, PeopleTable, TokenTable, scope_words, token_state
from dr_console.roles import ROLES
from dr_console.web.access import needs
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from dr_console.web.responses import go_to, invalid


@require_GET
@needs("people.manage")
def people(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=User.objects.prefetch_related("groups"),
        table_class=PeopleTable,
        filterset_class=PeopleFilters,
        template="people/person_list.html",
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@needs("people.manage")
def add(request: ConsoleRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "people/person_add.html", {"form": PersonForm()})
    form = PersonForm(request.POST)
    if not form.is_valid():
        return invalid(
            request, "people/_person_add_form.html" if request.htmx else "people/person_add.html", {"form": form}
        )
    person = services.add_person(**form.cleaned_data, by=request.user)
    return _show_link(request, person, services.reset_login(person, by=request.user))


@require_GET
@needs("people.manage")
def detail(request: ConsoleRequest, username: str) -> HttpResponse:
    person = get_object_or_404(User, username=username)
    return render(request, "people/person_detail.html", _everything_about(person))


@require_POST
@needs("people.manage")
def change_details(request: ConsoleRequest, username: str) -> HttpResponse:
    person = get_object_or_404(User, username=username)
    form = DetailsForm(request.POST, person=person)
    if not form.is_valid():
        return _invalid(request, person, details_form=form)
    person = services.change_details(person, **form.cleaned_data, by=request.user)
    return _changed(request, person, _("Saved."))


@require_POST
@needs("people.manage")
def change_role(request: ConsoleRequest, username: str) -> HttpResponse:
    person = get_object_or_404(User, username=username)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _invalid(request, person, role_form=form)
    person = services.change_role(person, form.cleaned_data["role"], by=request.user)
    return _changed(request, person, _("The role is changed, from the next click on."))


@require_POST
@needs("people.manage")
def deactivate(request: ConsoleRequest, username: str) -> HttpResponse:
    person = services.deactivate(get_object_or_404(User, username=username), by=request.user)
    return _changed(request, person, _("Deactivated, and logged out everywhere."))


@require_POST
@needs("people.manage")
def reactivate(request: ConsoleRequest, username: str) -> HttpResponse:
    person = services.reactivate(get_object_or_404(User, username=username), by=request.user)
    return _changed(request, person, _("Active again. They log in as before."))


@never_cache
@require_POST
@needs("people.manage")
def reset_login(request: ConsoleRequest, username: str) -> HttpResponse:
    person = get_object_or_404(User, username=username)
    form = ResetLoginForm(request.POST)
    if not form.is_valid():
        return _invalid(request, person, reset_form=form)
    return _show_link(request, person, services.reset_login(person, by=request.user, **form.cleaned_data))


@require_GET
@needs("people.manage")
def tokens(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request, queryset=ApiToken.objects.all(), table_class=TokenTable, template="people/token_list.html"
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@needs("people.manage")
def add_token(request: ConsoleRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "people/token_add.html", {"form": TokenForm()})
    form = TokenForm(request.POST)
    if not form.is_valid():
        template = "people/_token_add_form.html" if request.htmx else "people/token_add.html"
        return invalid(request, template, {"form": form})
    made, plain = api_tokens.make(**form.cleaned_data, by=request.user)
    # It is in this answer and nowhere else: not in the session, not in an address, not in the log.
    template = "people/_token_made.html" if request.htmx else "people/token_made.html"
    return render(request, template, {"token": made, "plain": plain, "samples_url": _samples_url()})


@require_GET
@needs("people.manage")
def token_detail(request: ConsoleRequest, name: str) -> HttpResponse:
    token = get_object_or_404(ApiToken.objects.select_related("made_by"), name=name)
    shown = {"token": token, "state": token_state(token), "scopes": scope_words(token)}
    return render(request, "people/token_detail.html", shown)


@require_POST
@needs("people.manage")
def revoke_token(request: ConsoleRequest, name: str) -> HttpResponse:
    api_tokens.revoke(get_object_or_404(ApiToken, name=name), by=request.user)
    messages.success(request, _("Revoked: from now on the token opens nothing."))
    return go_to(request, "people:tokens")


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: ConsoleRequest) -> HttpResponse:
    """One's own language, time zone and look. Everybody may."""
    if request.method != "POST":
        chosen = preferences_of(request.user)
        form = PreferencesForm(initial={field: getattr(chosen, field) for field in PreferencesForm.base_fields})
        return render(request, "people/preferences.html", _preferences_page(request.user, form))
    form = PreferencesForm(request.POST)
    if not form.is_valid():
        template = "people/_preferences_form.html" if request.htmx else "people/preferences.html"
        return invalid(request, template, _preferences_page(request.user, form))
    services.change_preferences(request.user, **form.cleaned_data)
    with translation.override(form.cleaned_data["language"] or translation.get_language()):
        messages.success(request, _("Saved."))
    # The whole page, for language and colours are all over it.
    return go_to(request, "people:preferences")


def _everything_about(person: User, **forms: Any) -> dict[str, Any]:
    role = role_of(person)
    return {
        "person": person,
        "role": ROLES.get(role),
        "details_form": DetailsForm(initial={"name": person.get_full_name(), "email": person.email}),
        "role_form": RoleForm(initial={"role": role}),
        "reset_form": ResetLoginForm(),
        "methods": login_methods(person),
        "target": services.named(person),
        "entries": latest_about(person, services.named(person)),
        "said": "",
    } | forms


def _changed(request: ConsoleRequest, person: User, said: str) -> HttpResponse:
    """The person's page, or to htmx the part of it that changes."""
    if request.htmx:
        return render(request, "people/_person.html", _everything_about(person, said=said))
    messages.success(request, said)
    return redirect("people:detail", person.username)


def _invalid(request: ConsoleRequest, person: User, **forms: Any) -> HttpResponse:
    template = "people/_person.html" if request.htmx else "people/person_detail.html"
    return invalid(request, template, _everything_about(person, **forms))


def _show_link(request: ConsoleRequest, person: User, link: str) -> HttpResponse:
    """The link is in this answer and nowhere else: not in the session, not in an address, not in the log."""
    template = "people/_link.html" if request.htmx else "people/link.html"
    return render(request, template, {"person": person, "link": link})


def _preferences_page(person: User, form: PreferencesForm) -> dict[str, Any]:
    return {
        "form": form,
        "person": person,
        "methods": login_methods(person),
        "single_sign_on": bool(settings.OIDC_SERVER_URL),
    }


def _samples_url() -> str:
    return f"{settings.DR_PUBLIC_URL}{reverse('api', args=['samples'])}"
