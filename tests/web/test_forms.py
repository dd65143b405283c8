"""A field's label, help and error belong together, for eyes and for screen readers."""

from __future__ import annotations

import re

from django import forms


class Sample(forms.Form):
    name = forms.CharField(label="Name", help_text="As people say it.")
    note = forms.CharField(label="Note", required=False)
    on = forms.BooleanField(label="On", required=False)
    failures = forms.MultipleChoiceField(
        label="Failures", choices=[("api", "API")], widget=forms.CheckboxSelectMultiple, required=False
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def clean(self):
        if self.cleaned_data.get("note") == "bad":
            raise forms.ValidationError("These do not go together.")


def test_help_and_error_are_tied_to_the_field():
    html = str(Sample({"version": 1}))
    field = re.search(r"<input[^>]*name=\"name\"[^>]*>", html)
    assert field
    assert 'aria-describedby="id_name_helptext id_name_error"' in field[0]
    assert 'aria-invalid="true"' in field[0]
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html


def test_the_summary_names_every_mistake_and_leads_to_its_field():
    html = str(Sample({"note": "bad"}))
    assert 'role="alert"' in html
    assert '<a href="#id_name">Name</a>: This field is required.' in html
    assert "<li>These do not go together.</li>" in html
    assert "<li>This field is required.</li>" in html  # of the hidden field, which has no place of its own


def test_a_good_or_fresh_form_has_no_summary():
    assert "errors" not in str(Sample())
    assert 'role="alert"' not in str(Sample({"name": "x", "version": 1}))


def test_what_may_stay_empty_says_so():
    html = str(Sample())
    assert html.count("(optional)") == 2  # the note and the failures; a tick box needs no such word


def test_several_boxes_are_a_group_with_a_legend():
    html = str(Sample())
    assert re.search(r"<fieldset[^>]*>\s*<legend>Failures", html)
    assert re.search(r'<input type="checkbox"[^>]*>\s*<label for="id_on">On</label>', html)
