"""What a person fills in to declare an incident, and to say how far and how bad it is."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dr_console.runs.asking import Ask
from incidents.models import Incident, Service, Severity

COMMAND = "incidents.command_incident"
PENDING = "pending"
LONGEST_REASON = 500

ASKS: dict[str, Ask] = {
    "mitigate": Ask(
        gettext_lazy("Are users no longer harmed?"),
        (gettext_lazy("Mitigated says that users are served again, be it repaired or not. Work on it goes on."),),
        gettext_lazy("Mark as mitigated"),
        gettext_lazy("Leave it open"),
        "check",
        reason=gettext_lazy("How"),
        permission=COMMAND,
    ),
    "resolve": Ask(
        gettext_lazy("Is it over?"),
        (gettext_lazy("Resolved says that the cause is gone and nobody has to work on it any more."),),
        gettext_lazy("Resolve incident"),
        gettext_lazy("Not yet"),
        "check",
        reason=gettext_lazy("What ended it"),
        permission=COMMAND,
    ),
    "close": Ask(
        gettext_lazy("Close it?"),
        (gettext_lazy("Closed says that everything about it is written down. It can be opened again."),),
        gettext_lazy("Close incident"),
        gettext_lazy("Not yet"),
        "check",
        permission=COMMAND,
    ),
    "reopen": Ask(
        gettext_lazy("Open it again?"),
        (gettext_lazy("It is not over after all."),),
        gettext_lazy("Open again"),
        gettext_lazy("Leave it"),
        "rotate-cw",
        reason=gettext_lazy("Why"),
        needs_reason=True,
        permission=COMMAND,
    ),
    "unmerge": Ask(
        gettext_lazy("Are they two incidents after all?"),
        (gettext_lazy("This one is again what it was before it was merged; what both have recorded since stays."),),
        gettext_lazy("Take the merge back"),
        gettext_lazy("Leave them merged"),
        "undo-2",
        reason=gettext_lazy("Why"),
        permission=COMMAND,
    ),
}


class DeclareForm(forms.Form):
    """What, how bad, and which service. `token`: pressed twice with it, it is one incident."""

    title = forms.CharField(
        label=gettext_lazy("What is wrong"),
        max_length=200,
        help_text=gettext_lazy("In a few words, as users notice it: “Checkout answers with errors”."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    severity = forms.ChoiceField(
        label=gettext_lazy("How bad it is"),
        choices=[*Severity.choices, (PENDING, gettext_lazy("Nobody can say yet"))],
        initial=PENDING,
        widget=forms.RadioSelect,
    )
    service = forms.ModelChoiceField(
        Service.objects.none(),
        label=gettext_lazy("Which service"),
        to_field_name="key",
        required=False,
        empty_label=gettext_lazy("Not known, or several"),
    )
    token = forms.CharField(max_length=60, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        services: QuerySet[Service] = Service.objects.current()
        self.fields["service"].queryset = services  # type: ignore[attr-defined]

    def clean_title(self) -> str:
        return " ".join(self.cleaned_data["title"].split())

    def clean_severity(self) -> str:
        severity: str = self.cleaned_data["severity"]
        return "" if severity == PENDING else severity


class ReasonForm(forms.Form):
    """A comment that goes with a change of state; `ask` and the incident say what it is called and whether it must
    be there."""

    reason = forms.CharField(required=False, max_length=LONGEST_REASON)

    def __init__(self, *args: Any, ask: Ask, incident: Incident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = str(ask.reason)
        # Over without ever having been mitigated: whoever reads it later asks why.
        skips = ask is ASKS["resolve"] and incident.status == Incident.Status.OPEN
        self.fields["reason"].required = ask.needs_reason or skips


class SeverityForm(forms.Form):
    """`seen`: what it was when the person looked."""

    severity = forms.ChoiceField(choices=Severity.choices, widget=forms.HiddenInput)
    seen = forms.CharField(max_length=2, required=False, widget=forms.HiddenInput)
    reason = forms.CharField(label=gettext_lazy("Why"), required=False, max_length=LONGEST_REASON)


class MergeForm(forms.Form):
    """`into`: the reference of what it is a duplicate of. A list of likely ones is offered; any may be written."""

    into = forms.CharField(
        label=gettext_lazy("It is the same as"),
        max_length=60,
        help_text=gettext_lazy("The reference of the other one. That one goes on; this one is closed."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "merge-targets"}),
    )
    reason = forms.CharField(label=gettext_lazy("How you know"), required=False, max_length=LONGEST_REASON)

    def clean_into(self) -> Incident:
        reference: str = self.cleaned_data["into"].split(" ", 1)[0]
        found = Incident.objects.filter(reference__iexact=reference).first()
        if found is None:
            raise forms.ValidationError(_("There is no incident “%(reference)s”.") % {"reference": reference})
        return found
