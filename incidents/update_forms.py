"""What a person fills in to tell people how it goes, to put that off, and to announce maintenance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.forms.boundfield import BoundField
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dr_console.web.forms import UtcMomentField
from dr_console.web.sentences import Texts
from dr_console.web.times import duration
from incidents.models import Audience, Impact, Service, Stage
from incidents.queries.updates import PARTS
from incidents.services.status_page import Planned
from incidents.services.updates import LONGEST_HEADLINE, LONGEST_TEXT, Draft

LABELS = {
    "headline": gettext_lazy("Headline"),
    "conditions": gettext_lazy("Conditions: what is so"),
    "actions": gettext_lazy("Actions: what is being done"),
    "needs": gettext_lazy("Needs: what is asked of them"),
}
PROMISES = (15, 30, 60, 120, 240, 1440)
PUT_OFF = (15, 30, 60, 120)


@dataclass(frozen=True)
class First:
    """What the part of the form for one audience begins with. `name`: of the audience, in the plan's words."""

    audience: Audience
    name: str
    words: Mapping[str, Texts]
    every: timedelta | None = None
    is_chosen: bool = True


@dataclass(frozen=True)
class Section:
    """The fields of one audience, as the template shows them. `pairs`: those of one text, a language each."""

    audience: Audience
    name: str
    include: BoundField | None
    pairs: list[list[BoundField]]
    promise: BoundField
    impact: list[BoundField]


class UpdateForm(forms.Form):
    """One update for each audience. `token`: sent twice with it, it is published once."""

    stage = forms.ChoiceField(label=gettext_lazy("Stage"), choices=Stage.choices, widget=forms.RadioSelect)
    token = forms.CharField(max_length=60, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        firsts: Iterable[First],
        services: Iterable[Service] = (),
        impact: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.firsts, self.services = list(firsts), list(services)
        for first in self.firsts:
            self._add(first)
        if any(first.audience == Audience.CUSTOMERS for first in self.firsts):
            self._add_impact(impact or {})

    def _add(self, first: First) -> None:
        name = first.audience.value
        if len(self.firsts) > 1:
            label = _("Publish to: %(audience)s") % {"audience": first.name}
            self.fields[f"{name}_include"] = forms.BooleanField(label=label, required=False, initial=first.is_chosen)
        for part in PARTS:
            for language, spoken in settings.LANGUAGES:
                text = first.words.get(part, {}).get(language, "")
                self.fields[_text_field(name, part, language)] = _words(
                    part, language, f"{LABELS[part]} · {spoken}", text
                )
        every = round(first.every.total_seconds() / 60) if first.every else None
        options = sorted({*PROMISES, *([every] if every else [])})
        self.fields[f"{name}_next"] = forms.ChoiceField(
            label=_("Next update"),
            required=False,
            initial=str(every or ""),
            choices=[("", _("None is promised")), *((str(one), _in(one)) for one in options)],
        )

    def _add_impact(self, impact: Mapping[str, str]) -> None:
        for service in self.services:
            self.fields[f"impact_{service.key}"] = forms.ChoiceField(
                label=service.name, choices=Impact.choices, initial=impact.get(service.key, Impact.OPERATIONAL.value)
            )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        chosen = self.chosen()
        if not chosen:
            raise forms.ValidationError(_("Choose at least one audience."))
        for audience in chosen:
            fields = [_text_field(audience, "headline", language) for language, _name in settings.LANGUAGES]
            if not any(cleaned.get(field) for field in fields):
                self.add_error(fields[0], _("Write a headline, in one language at least."))
        return cleaned

    def chosen(self) -> list[Audience]:
        """Audiences that it is to be published to. Only of a form that has been cleaned."""
        alone = len(self.firsts) == 1
        every = [first.audience for first in self.firsts]
        return [one for one in every if alone or self.cleaned_data.get(f"{one.value}_include")]

    def drafts(self) -> list[Draft]:
        """Only of a valid form."""
        return [self._draft(audience) for audience in self.chosen()]

    def _draft(self, audience: Audience) -> Draft:
        given = self.cleaned_data
        minutes = given[f"{audience.value}_next"]
        told = {one.key: given[f"impact_{one.key}"] for one in self.services} if audience == Audience.CUSTOMERS else {}
        texts = {part: self._texts(audience.value, part) for part in PARTS}
        return Draft(
            audience=audience,
            stage=Stage(given["stage"]),
            impact={key: word for key, word in told.items() if word != Impact.OPERATIONAL},
            next_at=now() + timedelta(minutes=int(minutes)) if minutes else None,
            **texts,
        )

    def _texts(self, name: str, part: str) -> Texts:
        found = {code: self.cleaned_data[_text_field(name, part, code)] for code, _name in settings.LANGUAGES}
        return {language: text for language, text in found.items() if text}

    @property
    def sections(self) -> list[Section]:
        return [self._section(first) for first in self.firsts]

    def _section(self, first: First) -> Section:
        name = first.audience.value
        languages = [code for code, _name in settings.LANGUAGES]
        return Section(
            audience=first.audience,
            name=first.name,
            include=self[f"{name}_include"] if f"{name}_include" in self.fields else None,
            pairs=[[self[_text_field(name, part, code)] for code in languages] for part in PARTS],
            promise=self[f"{name}_next"],
            impact=[self[f"impact_{one.key}"] for one in self.services] if first.audience == Audience.CUSTOMERS else [],
        )


def _text_field(audience: str, part: str, language: str) -> str:
    return f"{audience}_{part}_{language.replace('-', '_')}"


def _words(part: str, language: str, label: str, text: str) -> forms.CharField:
    attributes = {"lang": language}
    if part == "headline":
        widget: forms.Widget = forms.TextInput(attrs=attributes)
        return forms.CharField(label=label, required=False, max_length=LONGEST_HEADLINE, initial=text, widget=widget)
    widget = forms.Textarea(attrs={**attributes, "rows": 3})
    return forms.CharField(label=label, required=False, max_length=LONGEST_TEXT, initial=text, widget=widget)


def _in(minutes: int) -> str:
    return _("In %(time)s") % {"time": duration(timedelta(minutes=minutes))}


class SnoozeForm(forms.Form):
    minutes = forms.TypedChoiceField(label=gettext_lazy("It can wait for"), coerce=int, initial=PUT_OFF[0])
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = [(count, duration(timedelta(minutes=count))) for count in PUT_OFF]
        self.fields["minutes"].choices = words  # type: ignore[attr-defined]


class NoticeForm(forms.Form):
    """Planned work, as customers are told of it. `token`: sent twice with it, it is one notice."""

    title_en = forms.CharField(label=gettext_lazy("What · English"), required=False, max_length=LONGEST_HEADLINE)
    title_zh_hans = forms.CharField(label=gettext_lazy("What · 简体中文"), required=False, max_length=LONGEST_HEADLINE)
    text_en = forms.CharField(
        label=gettext_lazy("What users notice · English"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    text_zh_hans = forms.CharField(
        label=gettext_lazy("What users notice · 简体中文"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    services = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Services"),
        required=False,
        queryset=Service.objects.none(),
        widget=forms.CheckboxSelectMultiple,
    )
    starts_at = UtcMomentField(label=gettext_lazy("From (UTC)"))
    ends_at = UtcMomentField(label=gettext_lazy("Until (UTC)"))
    token = forms.CharField(max_length=60, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["services"].queryset = Service.objects.current()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("title_en") and not cleaned.get("title_zh_hans"):
            self.add_error("title_en", _("Write a title, in one language at least."))
        starts_at, ends_at = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", _("It has to end after it has begun."))
        elif ends_at and ends_at <= now():
            self.add_error("ends_at", _("It is over already: tell of it in an update of an incident."))
        return cleaned

    def planned(self) -> Planned:
        """Only of a valid form."""
        given = self.cleaned_data
        return Planned(
            title=self._texts("title"),
            text=self._texts("text"),
            services=given["services"],
            starts_at=given["starts_at"],
            ends_at=given["ends_at"],
        )

    def _texts(self, name: str) -> Texts:
        found = {code: self.cleaned_data[f"{name}_{code.replace('-', '_')}"] for code, _name in settings.LANGUAGES}
        return {language: text for language, text in found.items() if text}
