"""What people write on a timeline, and what of it they want to see."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.validators import URLValidator
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dr_console.web.forms import UtcMomentField
from incidents.models import Incident, TimelineEntry
from incidents.queries.story_lines import CONSOLE, Wanted
from incidents.services.timeline import EARLIEST, LONGEST_NOTE, Written


class NoteForm(forms.Form):
    """A note, or what an entry is to say instead. `token`: sent twice with it, it is one note."""

    text = forms.CharField(
        label=gettext_lazy("What happened"),
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Markdown: **bold**, `code`, - lists, [links](https://…)."),
    )
    at = UtcMomentField(
        label=gettext_lazy("When it happened (UTC)"), required=False, help_text=gettext_lazy("Empty: now.")
    )
    evidence = forms.CharField(
        label=gettext_lazy("Evidence"),
        required=False,
        max_length=500,
        widget=forms.URLInput(),
        help_text=gettext_lazy("The address of a graph, a log, a ticket."),
    )
    token = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.incident = incident
        self.fields["token"].initial = lambda: uuid.uuid4().hex

    @property
    def written(self) -> Written:
        cleaned = self.cleaned_data
        return Written(cleaned["text"], cleaned["at"], cleaned["evidence"])

    def clean_at(self) -> datetime:
        at: datetime = self.cleaned_data["at"] or now()
        if at > now():
            raise forms.ValidationError(_("This is in the future: only what has happened can be noted."))
        if at < self.incident.started_at - EARLIEST:
            raise forms.ValidationError(_("This is more than a year before the incident began."))
        return at

    def clean_evidence(self) -> str:
        evidence: str = self.cleaned_data["evidence"].strip()
        if evidence and not self._is_unchanged_page(evidence):
            URLValidator(schemes=["http", "https"], message=_("Write a whole address: https://…"))(evidence)
        return evidence

    def _is_unchanged_page(self, evidence: str) -> bool:
        """The console's own entries may lead to a page of its own, which a correction leaves as it is."""
        return evidence.startswith("/") and evidence == self.initial.get("evidence")


class CorrectionForm(NoteForm):
    """With what the entry says now to begin with. `seq`: the row that the person looked at."""

    at = UtcMomentField(label=gettext_lazy("When it happened (UTC)"))
    seq = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, entry: TimelineEntry, **kwargs: Any) -> None:
        initial = {"text": entry.words, "at": entry.at, "evidence": entry.evidence, "seq": entry.seq}
        super().__init__(*args, incident=entry.incident, initial=initial, **kwargs)
        self.entry = entry

    def clean_at(self) -> datetime:
        # The field shows whole seconds: what was left as it is keeps its fraction.
        if self.cleaned_data["at"] == self.entry.at.replace(microsecond=0):
            return self.entry.at
        return super().clean_at()


class StoryForm(forms.Form):
    """What of the timeline to show: words of the page's address."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False)
    who = forms.ChoiceField(label=gettext_lazy("Who"), required=False)
    pinned = forms.BooleanField(label=gettext_lazy("Pinned only"), required=False)

    def __init__(self, *args: Any, people: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [("", _("Every kind")), *TimelineEntry.Kind.choices]  # type: ignore[attr-defined]
        names = [(str(one.pk), one.get_full_name() or one.username) for one in people]
        self.fields["who"].choices = [("", _("Everybody")), (CONSOLE, _("The console")), *names]  # type: ignore[attr-defined]

    @property
    def wanted(self) -> Wanted:
        cleaned = self.cleaned_data
        return Wanted(cleaned["kind"], cleaned["who"], cleaned["pinned"])
