"""Which channel of a contact or vendor is meant, and what was said of it."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.address_book.decoding import LARGEST, Unreadable, text_of
from incidents.models import ChannelKind

SECTIONS = (("contacts", gettext_lazy("Contacts")), ("vendors", gettext_lazy("Vendors")))


class ChannelForm(forms.Form):
    """Names a channel by what tells it apart from the others."""

    kind = forms.ChoiceField(choices=ChannelKind.choices, widget=forms.HiddenInput)
    address = forms.CharField(max_length=200, strip=False, widget=forms.HiddenInput)


class MoveForm(forms.Form):
    """`base`: the version of the plan that the person was looking at."""

    to = forms.ChoiceField(choices=[("up", "up"), ("down", "down")])
    base = forms.IntegerField(min_value=0)


class ToldForm(forms.Form):
    """Somebody says that they were reached."""

    name = forms.CharField(
        label=gettext_lazy("Who said so"),
        max_length=200,
        help_text=gettext_lazy("The name of the person who told you that the message or the call has reached them."),
    )


class FileForm(forms.Form):
    """A file with contacts or vendors. `cleaned_data["text"]`: what is in it."""

    section = forms.ChoiceField(label=gettext_lazy("What is in the file"), choices=SECTIONS)
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "CSV or vCard, at most 500 KB. You see what it would change before anything is changed."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.vcf,text/csv,text/vcard"}),
    )

    def clean(self) -> dict[str, object]:
        found = self.cleaned_data.get("file")
        if found is not None:
            if found.size > LARGEST:
                raise ValidationError({"file": _("This file is larger than 500 KB.")})
            try:
                self.cleaned_data["text"] = text_of(found.read())
            except Unreadable as error:
                raise ValidationError({"file": _("This file is no text: save it as CSV or vCard.")}) from error
        return self.cleaned_data


class BringInForm(forms.Form):
    """What somebody has seen the changes of. `base`: the version of the plan that it was compared with."""

    section = forms.ChoiceField(choices=SECTIONS, widget=forms.HiddenInput)
    text = forms.CharField(strip=False, max_length=LARGEST, widget=forms.Textarea(attrs={"hidden": True}))
    base = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    name = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)
