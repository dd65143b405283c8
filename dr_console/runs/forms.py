"""What a person says when they tell a run something."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from dr_console.runs.asking import Ask


class TellForm(forms.Form):
    """`version`: of the run that the person saw. `phrase`: what has to be typed; empty: nothing has to be."""

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    back = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)

    def __init__(self, *args: Any, ask: Ask, phrase: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.phrase = phrase
        self.fields["reason"] = forms.CharField(label=str(ask.reason), required=ask.needs_reason, max_length=500)
        if phrase:
            self.fields["phrase"] = forms.CharField(
                label=_("Type %(phrase)s to confirm") % {"phrase": phrase},
                widget=forms.TextInput(
                    attrs={
                        "data-phrase": phrase,
                        "autocomplete": "off",
                        "autocapitalize": "off",
                        "spellcheck": "false",
                    }
                ),
            )

    @property
    def said(self) -> dict[str, Any]:
        """What the services are told. Only of a valid form."""
        return {"version": self.cleaned_data["version"], "reason": self.cleaned_data["reason"]}

    def clean_phrase(self) -> str:
        typed: str = self.cleaned_data["phrase"].strip()
        if typed != self.phrase:
            raise forms.ValidationError(_("That is not “%(phrase)s”.") % {"phrase": self.phrase})
        return typed
