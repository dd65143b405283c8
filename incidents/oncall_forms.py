"""What people fill in about on-call: times by the clock of a zone that they name, and who stands in for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from incidents.queries.oncall_choices import Exchange, Group, exchange_of

WRITTEN = "%Y-%m-%dT%H:%M"
# Beyond them no calendar counts, and near the end of all dates nothing can be added to one.
YEARS = range(2000, 2201)
OF_YEARS = {"first": YEARS[0], "last": YEARS[-1]}
FIRST_YEAR, LAST_YEAR = 2000, 2099


class WallClockField(forms.DateTimeField):
    """A day and a time of day as a clock on some wall shows them: the form says on which."""

    def __init__(self, **kwargs: Any) -> None:
        look = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=WRITTEN)
        super().__init__(widget=look, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return value

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(UTC):
            found: datetime | None = super().to_python(value)
        if found and found.year not in YEARS:
            raise forms.ValidationError(_("Choose a year from %(first)d to %(last)d."), params=OF_YEARS)
        return found and found.replace(tzinfo=None)


class ZonedForm(forms.Form):
    """A form with times of a zone. `zones`: names offered beside the reader's own and UTC. `initial`: times are aware.

    Its cleaned times are aware, in UTC.
    """

    zone = forms.ChoiceField(label=gettext_lazy("Time zone of these times"))

    def __init__(self, sent: Mapping[str, Any] | None = None, *, zones: Iterable[str] = (), **initial: Any) -> None:
        own = timezone.get_current_timezone_name()
        super().__init__(sent, initial={"zone": own} | _by_the_clock(initial, ZoneInfo(own)))
        names = dict.fromkeys([own, *zones, "UTC"])
        self.fields["zone"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in [name for name, field in self.fields.items() if isinstance(field, WallClockField)]:
            if cleaned.get(name) and cleaned.get("zone"):
                self._place(cleaned, name, ZoneInfo(cleaned["zone"]))
        starts_at, ends_at = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", _("It has to end after it begins."))
        return cleaned

    def _place(self, cleaned: dict[str, Any], name: str, zone: ZoneInfo) -> None:
        """Where the clocks go back, the first of the two hours is meant; where they go forward, one does not exist."""
        naive = cleaned[name]
        if not FIRST_YEAR <= naive.year <= LAST_YEAR:
            self.add_error(name, _("Choose a time in this century."))
            return
        moment = naive.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) != naive:
            self.add_error(
                name, _("The clocks go forward then: this time does not exist in %(zone)s.") % {"zone": zone}
            )
        cleaned[name] = moment


def _by_the_clock(initial: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    return {
        name: value.astimezone(zone).replace(tzinfo=None, microsecond=0) if isinstance(value, datetime) else value
        for name, value in initial.items()
    }


class AtForm(ZonedForm):
    """Who is on call at a time; without one, now."""

    at = WallClockField(label=gettext_lazy("Who is on call at"), required=False)
    zone = forms.ChoiceField(label=gettext_lazy("Time zone"), required=False)
    field_order = ["at", "zone"]

    def clean_zone(self) -> str:
        return self.cleaned_data["zone"] or timezone.get_current_timezone_name()


class TakeForm(ZonedForm):
    ends_at = WallClockField(label=pgettext_lazy("time", "Until"))
    field_order = ["ends_at", "zone"]


class SpanForm(ZonedForm):
    starts_at = WallClockField(label=pgettext_lazy("time", "From"))
    ends_at = WallClockField(label=pgettext_lazy("time", "Until"))
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=500)
    field_order = ["contact", "exchange", "starts_at", "ends_at", "zone", "reason"]


class OverrideForm(SpanForm):
    contact = forms.ChoiceField(label=gettext_lazy("Who is on call instead"))

    def __init__(self, *args: Any, people: list[Group], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["contact"].choices = [("", "–"), *people]  # type: ignore[attr-defined]


class AbsenceForm(SpanForm):
    """Whoever may change on-call says who is absent; `people` is empty for everybody else, who mean themselves."""

    contact = forms.ChoiceField(label=gettext_lazy("Who is absent"))

    def __init__(self, *args: Any, people: list[Group], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = False
        if people:
            self.fields["contact"].choices = [("", "–"), *people]  # type: ignore[attr-defined]
        else:
            del self.fields["contact"]


class SwapForm(SpanForm):
    """`exchanges`: whom one may ask, and for which of their shifts in return, as oncall_choices offers it."""

    exchange = forms.ChoiceField(label=gettext_lazy("Who stands in for you"))

    def __init__(self, *args: Any, exchanges: list[Group], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = False
        self.fields["exchange"].choices = [("", "–"), *exchanges]  # type: ignore[attr-defined]

    def clean_exchange(self) -> Exchange:
        return exchange_of(self.cleaned_data["exchange"])


class DeclineForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("If you cannot: why"), required=False, max_length=500)


class FeedForm(forms.Form):
    of = forms.ChoiceField(label=gettext_lazy("Whose shifts"), widget=forms.RadioSelect)
    name = forms.CharField(
        label=gettext_lazy("What reads it"),
        max_length=100,
        help_text=gettext_lazy("To tell it from others: my telephone, the team’s calendar."),
    )

    def __init__(self, *args: Any, of: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["of"].choices = of  # type: ignore[attr-defined]
