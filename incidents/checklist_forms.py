"""What a person may say about an item of a checklist, and the item that somebody adds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.validators import URLValidator
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.models import ChecklistItem
from incidents.services.checklist import Details

KEEP = "keep"
MINUTES = {
    "5": gettext_lazy("in 5 minutes"),
    "10": gettext_lazy("in 10 minutes"),
    "15": gettext_lazy("in 15 minutes"),
    "30": gettext_lazy("in 30 minutes"),
    "60": gettext_lazy("in 1 hour"),
    "240": gettext_lazy("in 4 hours"),
    "1440": gettext_lazy("in 1 day"),
    "4320": gettext_lazy("in 3 days"),
}
LONGEST_NOTE = 2000


def _no_password(address: str) -> None:
    if "@" in address.partition("://")[2].partition("/")[0]:
        raise forms.ValidationError(_("An address must not hold a name or a password."))


class DetailsForm(forms.Form):
    """Of an item that there is (`item`), or of one that is to be added."""

    owner = forms.ModelChoiceField(
        label=gettext_lazy("Who does it"),
        queryset=User.objects.none(),
        required=False,
        empty_label=gettext_lazy("Nobody by name"),
    )
    role = forms.ChoiceField(label=gettext_lazy("In which role"), required=False)
    due = forms.ChoiceField(label=gettext_lazy("Until when"), required=False)
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, max_length=LONGEST_NOTE, widget=forms.Textarea({"rows": 3})
    )
    evidence_url = forms.URLField(
        label=gettext_lazy("Evidence"),
        required=False,
        max_length=500,
        assume_scheme="https",
        validators=[URLValidator(schemes=["http", "https"]), _no_password],
        help_text=gettext_lazy("Address of what proves it: a dashboard, a log, a message."),
        widget=forms.URLInput({"inputmode": "url", "placeholder": "https://"}),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)

    def __init__(self, *args: Any, item: ChecklistItem | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("initial", _initial(item))
        super().__init__(*args, **kwargs)
        self.auto_id = "item_%s"
        self.item = item
        self.fields["owner"].queryset = User.objects.filter(is_active=True).order_by("username")  # type: ignore[attr-defined]
        roles = [("", _("No role in particular")), *ChecklistItem.Role.choices]
        self.fields["role"].choices = roles  # type: ignore[attr-defined]
        self.fields["due"].choices = _due_choices(item)  # type: ignore[attr-defined]

    @property
    def details(self) -> Details:
        """Only of a valid form."""
        told = self.cleaned_data
        return Details(told["owner"], told["role"], self._due_at(), told["note"].strip(), told["evidence_url"])

    def _due_at(self) -> datetime | None:
        due = self.cleaned_data["due"]
        if due == KEEP:
            return self.item.due_at if self.item else None
        return now() + timedelta(minutes=int(due)) if due else None


class AddForm(DetailsForm):
    """`after`: the key of the item that it comes after; empty: at the top."""

    text = forms.CharField(label=gettext_lazy("What is to be done"), max_length=300)
    after = forms.ChoiceField(label=gettext_lazy("Place"), required=False)
    field_order = ("text", "after", "owner", "role", "due", "note", "evidence_url")

    def __init__(self, *args: Any, items: list[ChecklistItem], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = [(item.key, _("After “%(item)s”") % {"item": item.words}) for item in items]
        self.fields["after"].choices = [*reversed(places), ("", _("At the top"))]  # type: ignore[attr-defined]

    def clean_text(self) -> str:
        return " ".join(self.cleaned_data["text"].split())


def _initial(item: ChecklistItem | None) -> dict[str, Any]:
    if item is None:
        return {}
    names = ("owner", "role", "note", "evidence_url", "version")
    return {name: getattr(item, name) for name in names} | {"due": KEEP}


def _due_choices(item: ChecklistItem | None) -> list[tuple[str, Any]]:
    """Whatever somebody else sets meanwhile, that it stays as it is can be said of every item that there is."""
    if item is None or item.due_at is None:
        return [("" if item is None else KEEP, _("No time is set")), *MINUTES.items()]
    at = f"{item.due_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return [(KEEP, _("As it is: %(time)s") % {"time": at}), ("", _("No time is set")), *MINUTES.items()]
