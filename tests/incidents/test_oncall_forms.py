"""Times by the clock of the zone that the form names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from incidents.oncall_forms import AbsenceForm, AtForm, SpanForm, TakeForm


def filled(zone="UTC", starts_at="2026-11-28T03:00", ends_at="2026-11-28T09:00", **fields):
    sent = {"zone": zone, "starts_at": starts_at, "ends_at": ends_at, "reason": "Leave"}
    return SpanForm(sent | fields, zones=["Asia/Tokyo", "Europe/Berlin"])


def test_times_are_those_of_the_chosen_zone():
    form = filled("Asia/Tokyo")
    assert form.is_valid(), form.errors
    assert form.cleaned_data["starts_at"] == datetime(2026, 11, 27, 18, tzinfo=UTC)


def test_a_form_opens_in_the_readers_zone():
    with timezone.override("Asia/Tokyo"):
        form = TakeForm(zones=["Europe/London", "UTC"], ends_at=datetime(2026, 11, 30, 9, tzinfo=UTC))
        page = form.as_p()
    assert 'value="2026-11-30T18:00"' in page
    assert [value for value, _label in form.fields["zone"].choices] == ["Asia/Tokyo", "Europe/London", "UTC"]


def test_a_time_that_the_clocks_skip_is_refused():
    form = filled("Europe/Berlin", starts_at="2026-03-29T02:30", ends_at="2026-03-29T09:00")
    assert not form.is_valid()
    assert "does not exist in Europe/Berlin" in str(form.errors["starts_at"])


def test_of_a_time_that_comes_twice_the_first_is_meant():
    form = filled("Europe/Berlin", starts_at="2026-10-25T02:30", ends_at="2026-10-25T09:00")
    assert form.is_valid(), form.errors
    assert form.cleaned_data["starts_at"] == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("end", ["2026-11-28T03:00", "2026-11-27T03:00"], ids=["same", "before"])
def test_it_ends_after_it_begins(end):
    form = filled(ends_at=end)
    assert "after it begins" in str(form.errors["ends_at"])


@pytest.mark.parametrize(
    ("field", "value"), [("zone", "Mars/Olympus"), ("starts_at", "soon"), ("starts_at", ""), ("reason", "")]
)
def test_what_is_wrong_is_said_at_its_field(field, value):
    assert field in filled(**{field: value}).errors


def test_somebody_who_acts_for_themselves_is_not_asked_who():
    assert "contact" not in AbsenceForm(people=[]).fields


def test_no_time_asks_for_now():
    form = AtForm({"at": "", "zone": ""})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["at"] is None
