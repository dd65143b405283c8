"""What a person fills in to start a failover, and to set the degradation level."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dr_console.runs.models import Run

WORDS = {
    Run.Verb.GRACEFUL: gettext_lazy("Only if every check passes and the world is still as it is shown here"),
    Run.Verb.RECOVER: gettext_lazy("Although something stands in the way, or the world moves: a failure was detected"),
    Run.Verb.FORCE: gettext_lazy("By force: nothing is checked but that no other run is under way"),
}


class StartForm(forms.Form):
    """`preview`: code of the dry run that was looked at. `phrase`: what has to be typed to start it."""

    preview = forms.SlugField(max_length=8, widget=forms.HiddenInput)
    incident = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
    verb = forms.ChoiceField(
        label=gettext_lazy("Start it"), choices=WORDS.items, initial=Run.Verb.GRACEFUL, widget=forms.RadioSelect
    )
    reason = forms.CharField(label=gettext_lazy("Why"), required=False, max_length=500)

    def __init__(self, *args: Any, phrase: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.phrase = phrase
        text = {"data-phrase": phrase, "autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
        label = _("Type %(phrase)s to confirm") % {"phrase": phrase}
        self.fields["phrase"] = forms.CharField(label=label, widget=forms.TextInput(attrs=text))

    def clean_phrase(self) -> str:
        typed: str = self.cleaned_data["phrase"].strip()
        if typed != self.phrase:
            raise forms.ValidationError(_("That is not “%(phrase)s”.") % {"phrase": self.phrase})
        return typed

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("verb") != Run.Verb.GRACEFUL and not cleaned.get("reason", "").strip():
            self.add_error("reason", _("Say why the checks are to be passed over."))
        return cleaned


class DegradationForm(forms.Form):
    """How long a degradation level is meant for, and why. `token`: pressed twice with it, it is one change."""

    DURATIONS = {
        "": gettext_lazy("Until somebody changes it"),
        "15": gettext_lazy("15 minutes"),
        "30": gettext_lazy("30 minutes"),
        "60": gettext_lazy("1 hour"),
        "240": gettext_lazy("4 hours"),
        "1440": gettext_lazy("1 day"),
    }
    minutes = forms.ChoiceField(
        label=gettext_lazy("How long"),
        required=False,
        choices=DURATIONS.items,
        help_text=gettext_lazy("After that, the console puts the level before back by itself."),
    )
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=500)
    token = forms.CharField(max_length=60, widget=forms.HiddenInput)

    @property
    def until(self) -> datetime | None:
        """When it is to be put back. Only of a valid form."""
        minutes = self.cleaned_data["minutes"]
        return now() + timedelta(minutes=int(minutes)) if minutes else None
