"""People as a table, and what it can be filtered by."""

from __future__ import annotations

from typing import Any

import django_filters
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dr_console.people.models import ApiToken
from dr_console.people.queries import role_of
from dr_console.roles import ROLES
from dr_console.web import badges
from dr_console.web.filters import ConsoleFilterSet, SearchFilter
from dr_console.web.tables import Column, ConsoleTable, MomentColumn
from dr_console.web.words import listed

STATES = [("active", gettext_lazy("Active")), ("deactivated", gettext_lazy("Deactivated"))]


def role_choices() -> list[tuple[str, Any]]:
    return [(key, role.label) for key, role in ROLES.items()]


class PeopleFilters(ConsoleFilterSet):
    q = SearchFilter("username", "first_name", "last_name", "email")
    role = django_filters.ChoiceFilter(label=gettext_lazy("Role"), field_name="groups__name", choices=role_choices)
    state = django_filters.ChoiceFilter(label=gettext_lazy("State"), choices=STATES, method="in_state")

    class Meta:
        model = User
        fields: tuple[str, ...] = ()

    def in_state(self, queryset: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        return queryset.filter(is_active=value == "active")


class PeopleTable(ConsoleTable):
    caption = gettext_lazy("People")

    username = Column(verbose_name=gettext_lazy("Login"))
    name = Column(verbose_name=gettext_lazy("Name"), accessor="get_full_name", orderable=False)
    email = Column(verbose_name=gettext_lazy("E-mail"))
    role = Column(verbose_name=gettext_lazy("Role"), orderable=False, empty_values=())
    is_active = Column(verbose_name=gettext_lazy("State"), orderable=False)
    last_login = MomentColumn(verbose_name=gettext_lazy("Last login"))

    class Meta:
        order_by = ("username",)

    def render_username(self, value: str) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("people:detail", args=[value]), value)

    def render_role(self, record: User) -> str:
        role = role_of(record)
        return str(ROLES[role].label) if role else _("None yet")

    def render_is_active(self, value: bool) -> SafeString:
        return badges.state("ok", _("Active")) if value else badges.state("skipped", _("Deactivated"))


class TokenTable(ConsoleTable):
    caption = gettext_lazy("API tokens")

    name = Column()
    hint = Column(orderable=False)
    scopes = Column(orderable=False)
    is_usable = Column(verbose_name=gettext_lazy("State"), orderable=False, empty_values=())
    expires_at = MomentColumn(orderable=False)
    last_used_at = MomentColumn(orderable=False)

    class Meta:
        model = ApiToken
        fields = ("name", "is_usable", "scopes", "hint", "expires_at", "last_used_at")
        order_by = ("name",)

    def render_name(self, value: str) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("people:token", args=[value]), value)

    def render_hint(self, value: str) -> SafeString:
        return format_html("<code>{}…</code>", value)

    def render_scopes(self, record: ApiToken) -> str:
        return scope_words(record)

    def render_is_usable(self, record: ApiToken) -> SafeString:
        return token_state(record)


def scope_words(token: ApiToken) -> str:
    return listed(str(ApiToken.Scope(scope).label) for scope in token.scopes if scope in ApiToken.Scope.values)


def token_state(token: ApiToken) -> SafeString:
    if token.is_usable:
        return badges.state("ok", _("Usable"))
    return badges.state("skipped", _("Revoked") if token.revoked_at else _("Expired"))
