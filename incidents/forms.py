"""What a person fills in to start a failover."""

from __future__ import annotations

from typing import Any

from django import forms
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
