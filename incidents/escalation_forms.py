"""What people fill in about the ladder: accept a slow one by name, put paging off, simulate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.utils.timezone import get_current_timezone, get_current_timezone_name, now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from dr_console.plans.doubts import is_name_of
from dr_console.web.times import duration
from incidents.models import Contact, Escalation, Severity
from incidents.oncall_forms import WRITTEN, WallClockField, ZonedForm
from incidents.queries.escalation_simulation import Asked

SATURDAY, AT_NIGHT = 5, time(3)


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


class EscalateForm(forms.Form):
    """`as_of`: the step that the person has seen. Whoever presses after somebody else did is told so."""

    as_of = forms.DateTimeField(widget=forms.HiddenInput, input_formats=["iso-8601"])

    def __init__(self, *args: Any, seen: Escalation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["as_of"].initial = _step_of(seen)

    def has_seen(self, seen: Escalation) -> None:
        """What is shown again is sent with the step that is shown now, however old the one was that came in."""
        self.data = {"as_of": _step_of(seen)}


def _step_of(seen: Escalation) -> str:
    return (seen.last_step_at or seen.started_at).isoformat()


class PutOffForm(forms.Form):
    minutes = forms.TypedChoiceField(label=_("For how long"), coerce=int)

    def __init__(self, *args: Any, minutes: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(one, duration(timedelta(minutes=one))) for one in minutes]
        field = self.fields["minutes"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = choices
        field.initial = minutes[0]


class RearmForm(forms.Form):
    reason = forms.CharField(label=_("Why"), max_length=500)


class SimulationForm(ZonedForm):
    """If an incident began then. Sent by GET, so that a simulation has an address; without anything sent, a default."""

    severity = forms.ChoiceField(label=_("Severity"), choices=Severity.choices)
    at = WallClockField(label=_("Begins at"))
    answers = forms.ChoiceField(label=_("Who answers"), required=False)
    after = forms.IntegerField(label=_("After (minutes)"), min_value=0, max_value=24 * 60, required=False, initial=0)
    absent = forms.MultipleChoiceField(label=_("Away"), required=False, widget=forms.CheckboxSelectMultiple)

    field_order = ("severity", "at", "zone", "answers", "after", "absent")

    def __init__(self, sent: Mapping[str, Any] | None = None) -> None:
        contacts = list(Contact.objects.current())
        super().__init__(sent or first_guess(now()), zones=[one.time_zone for one in contacts])
        known = [(one.key, str(one)) for one in contacts]
        self._offer("answers", [("", _now("Nobody")), *known])
        self._offer("absent", known)

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def asked(self) -> Asked:
        """What is simulated; only of a valid form."""
        given = self.cleaned_data
        return Asked(
            severity=given["severity"],
            at=given["at"],
            absent=given["absent"],
            answers=given["answers"],
            after=timedelta(minutes=given["after"] or 0),
        )


def first_guess(at: datetime) -> dict[str, str]:
    """When it is found out who sleeps: a P1 at three o'clock next Saturday, by the reader's own clock."""
    local = at.astimezone(get_current_timezone())
    day = local.date() + timedelta(days=(SATURDAY - local.weekday()) % 7)
    if day == local.date() and local.time() >= AT_NIGHT:
        day += timedelta(days=7)
    begins = datetime.combine(day, AT_NIGHT)
    zone = get_current_timezone_name()
    return {"severity": Severity.P1.value, "at": f"{begins:{WRITTEN}}", "zone": zone, "after": "0"}
