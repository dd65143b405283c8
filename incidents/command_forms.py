"""What people fill in to give a role, hand command over, ask somebody for something, and decide."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from incidents.models import RoleAssignment
from incidents.queries.command import COMMAND, RESPOND, people_who_may
from incidents.services.decision_log import LONGEST_OPTION, MOST_OPTIONS

Role = RoleAssignment.Role
MINUTES = (5, 10, 15, 30, 60, 120)


class PersonField(forms.ModelChoiceField):  # type: ignore[type-arg]  # is not generic when it runs
    """One person by login, with their name beside it, and whether they are on the incident's page now."""

    here: Collection[int] = ()

    def label_from_instance(self, obj: User) -> str:
        name = obj.get_full_name()
        label = f"{obj} ({name})" if name else str(obj)
        return _("%(person)s · here now") % {"person": label} if obj.pk in self.here else label


class PersonForm(forms.Form):
    """A form that asks for one person, by the field that `asks_for` names."""

    asks_for = "person"

    def __init__(self, *args: Any, people: QuerySet[User], here: Collection[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields[self.asks_for]
        assert isinstance(field, PersonField)
        field.here, field.queryset = here, people


class ReasonForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=500)


class OfferForm(PersonForm):
    asks_for = "receiver"

    receiver = PersonField(label=pgettext_lazy("recipient", "To"), queryset=User.objects.none())
    note = forms.CharField(
        label=gettext_lazy("What they have to know beside the briefing"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, giver: User, here: Collection[int] = (), **kwargs: Any) -> None:
        super().__init__(*args, people=people_who_may(COMMAND).exclude(pk=giver.pk), here=here, **kwargs)


class RoleForm(PersonForm):
    """Command is not among the roles: it is taken, or handed over."""

    role = forms.ChoiceField(label=gettext_lazy("Role"))
    person = PersonField(label=gettext_lazy("Person"), queryset=User.objects.none())
    about = forms.CharField(
        label=gettext_lazy("Knows about"), required=False, max_length=100, help_text=gettext_lazy("Of an expert.")
    )

    def __init__(self, *args: Any, by: User, here: Collection[int] = (), **kwargs: Any) -> None:
        people = people_who_may(RESPOND)
        mine = people if by.has_perm(COMMAND) else people.filter(pk=by.pk)
        super().__init__(*args, people=mine, here=here, **kwargs)
        self.fields["person"].initial = by.pk
        roles = (Role.DEPUTY, Role.SCRIBE, Role.LIAISON, Role.EXPERT)
        self.fields["role"].choices = [(role.value, role.label) for role in roles]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("role") == Role.EXPERT and not cleaned.get("about", "").strip():
            self.add_error("about", _("Say what they know about."))
        return cleaned


class AskForm(PersonForm):
    text = forms.CharField(label=gettext_lazy("What is to be done"), max_length=300)
    person = PersonField(label=gettext_lazy("Who"), queryset=User.objects.none())
    minutes = forms.TypedChoiceField(label=gettext_lazy("Within"), coerce=int, initial=15)

    def __init__(self, *args: Any, here: Collection[int] = (), **kwargs: Any) -> None:
        super().__init__(*args, people=people_who_may(RESPOND), here=here, **kwargs)
        words = [(count, _("%(count)s min") % {"count": count}) for count in MINUTES]
        self.fields["minutes"].choices = words  # type: ignore[attr-defined]


class DoneForm(forms.Form):
    outcome = forms.CharField(label=gettext_lazy("What came of it"), required=False, max_length=500)


class QuestionForm(forms.Form):
    question = forms.CharField(label=gettext_lazy("What is to be decided"), max_length=300)
    options = forms.CharField(
        label=gettext_lazy("Options"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("One on each line."),
    )

    def clean_options(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["options"].splitlines() if line.strip()]
        if len(lines) > MOST_OPTIONS:
            raise forms.ValidationError(
                _("At most %(count)s options can be weighed at once.") % {"count": MOST_OPTIONS}
            )
        if any(len(line) > LONGEST_OPTION for line in lines):
            raise forms.ValidationError(_("An option has at most %(most)s characters.") % {"most": LONGEST_OPTION})
        return lines


class ObjectionForm(forms.Form):
    objection = forms.CharField(label=gettext_lazy("What speaks strongly against it"), max_length=500)


class DecideForm(forms.Form):
    """One of the options, or something else."""

    OTHER = "-"

    option = forms.ChoiceField(label=gettext_lazy("Decided"), widget=forms.RadioSelect)
    other = forms.CharField(label=gettext_lazy("Something else"), required=False, max_length=300)
    reason = forms.CharField(label=gettext_lazy("Why"), required=False, max_length=1000)

    def __init__(self, *args: Any, options: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.options = options
        listed = [(str(number), option) for number, option in enumerate(options)]
        self.fields["option"].choices = [*listed, (self.OTHER, _("Something else"))]  # type: ignore[attr-defined]
        if not options:
            self.fields["option"].required = False
            self.fields["option"].widget = forms.HiddenInput()
            self.fields["other"].label = _("What was decided")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        chosen, other = cleaned.get("option", ""), cleaned.get("other", "").strip()
        if chosen.isdigit():
            cleaned["outcome"] = self.options[int(chosen)]
        elif other:
            cleaned["outcome"] = other
        elif "option" not in self.errors:
            self.add_error("other", _("Say what was decided."))
        return cleaned
