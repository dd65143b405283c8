"""What people type about people."""

from __future__ import annotations

import zoneinfo
from functools import lru_cache
from itertools import groupby
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from dr_console.people.models import ApiToken, Preferences
from dr_console.people.queries import is_taken
from dr_console.roles import ROLES


def role_choices() -> list[tuple[str, str | Promise]]:
    return [(key, format_lazy("{}: {}", role.label, role.may)) for key, role in ROLES.items()]


class DetailsForm(forms.Form):
    """A person's name and address."""

    name = forms.CharField(label=_("Name"), max_length=150, required=False)
    email = forms.EmailField(
        label=_("E-mail address"),
        required=False,
        max_length=254,
        help_text=_("They can log in with it, and single sign-on knows them by it."),
    )

    def __init__(self, *args: Any, person: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if is_taken("email", email, by_other_than=self.person):
            raise forms.ValidationError(_("Somebody already has this address."))
        return email


class RoleForm(forms.Form):
    """The one role of a person."""

    role = forms.ChoiceField(label=_("Role"), choices=role_choices, widget=forms.RadioSelect, initial="viewer")


class PersonForm(RoleForm, DetailsForm):
    """Somebody new."""

    username = forms.CharField(
        label=_("Login"),
        max_length=150,
        validators=[User.username_validator],
        help_text=_("Letters, digits and @ . + - _. It cannot be changed later."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    field_order = ["username", "name", "email", "role"]

    def clean_username(self) -> str:
        username: str = User.normalize_username(self.cleaned_data["username"])
        if is_taken("username", username):
            raise forms.ValidationError(_("Somebody already has this login."))
        return username


class TokenForm(forms.Form):
    """A new token for a program."""

    name = forms.RegexField(
        # A letter or digit first, so that the name can stand in an address.
        r"^\w[\w .-]*$",
        label=_("Name"),
        max_length=100,
        help_text=_("What uses it: load balancer Tokyo. Letters, digits, spaces and . - _"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    scopes = forms.MultipleChoiceField(
        label=_("May"),
        choices=ApiToken.Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[ApiToken.Scope.PUSH_SAMPLES.value],
    )
    days = forms.IntegerField(
        label=_("Works for (days)"),
        required=False,
        min_value=1,
        max_value=3650,
        help_text=_("Empty: until it is revoked."),
    )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].strip()
        if ApiToken.objects.filter(name=name).exists():
            raise forms.ValidationError(_("There is a token of this name already."))
        return name


class ResetLoginForm(forms.Form):
    """How much of a person's login is made anew."""

    clear_second_factors = forms.BooleanField(
        label=_("Also remove their authenticator app, passkeys and recovery codes"),
        required=False,
        help_text=_("For a phone that is lost or replaced."),
    )


@lru_cache(maxsize=1)
def time_zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every place that this machine knows the time of, by continent."""
    names = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
    return [
        (region, [(name, name.partition("/")[2].replace("_", " ")) for name in places])
        for region, places in groupby(names, key=lambda name: name.partition("/")[0])
    ]


def _time_zones() -> list[Any]:
    console = format_lazy(_("As the console: {}"), settings.DR_TIME_ZONE)
    return [("", console), ("UTC", "UTC"), *time_zone_choices()]


class PreferencesForm(forms.Form):
    """What somebody chooses for themselves."""

    language = forms.ChoiceField(
        label=_("Language"),
        choices=[("", _("As the browser asks")), *settings.LANGUAGES],
        required=False,
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=_time_zones,
        required=False,
        help_text=_("Shown beside UTC, which everybody sees."),
    )
    theme = forms.ChoiceField(label=_("Colours"), choices=Preferences.Theme.choices, widget=forms.RadioSelect)
    shortcuts = forms.BooleanField(
        label=_("Single-key shortcuts"),
        required=False,
        help_text=_("Such as ? for help. Switch them off if you speak to your computer."),
    )
