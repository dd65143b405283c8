"""What people fill in about the ladder: accept a slow one by name, put paging off, simulate."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from dr_console.plans.doubts import is_name_of


class AcceptForm(forms.Form):
    """`person`: whose name has to be written. `seen`: the warning that they read, as `fingerprint` has it."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=100)
    name = forms.CharField(label=_("I accept it as it is. My name:"), max_length=200)

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["name"].help_text = _now(
            "Write “%(name)s”. Your name, the time and the warning are kept and shown."
        ) % {"name": person.get_full_name() or person.get_username()}
        self.fields["name"].widget.attrs["autocomplete"] = "off"

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not is_name_of(self.person, name):
            raise forms.ValidationError(_now("“%(name)s” is not your name."), params={"name": name})
        return name
