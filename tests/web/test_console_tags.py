"""What templates say through {% load console %}."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone

from dr_console.web import badges
from dr_console.web.charts import gauge


def rendered(source: str, **context: object) -> str:
    return Template("{% load console %}" + source).render(Context(context))


def test_an_icon_is_drawn_and_hidden_from_screen_readers():
    html = rendered('{% icon "check" %}')
    assert html.startswith('<svg class="icon ')
    assert 'aria-hidden="true"' in html
    assert "<path" in html
    assert "lucide" not in html


def test_an_icon_that_nobody_has_brought_is_a_mistake():
    with pytest.raises(FileNotFoundError):
        rendered('{% icon "unicorn" %}')


def test_missing_times_are_dashes():
    source = "{{ x|moment }} {{ x|time_of_day }} {{ x|ago }} {{ x|duration }} {{ x|clock }} {{ x|minutes|duration }}"
    assert rendered(source, x=None) == "– – – – – –"


def test_times_and_lengths():
    with timezone.override("UTC"):
        html = rendered("{{ at|moment }} {{ length|duration }}", at=datetime(2025, 1, 10, tzinfo=UTC), length=90)
    assert html.endswith("2025-01-10 00:00 UTC</time> 1 min 30 s")
    assert rendered("{{ 75|minutes|duration }} {{ length|clock }}", length=timedelta(seconds=70)) == "1 h 15 min 1:10"


def test_a_severity_has_shape_word_and_colour():
    html = rendered('{% severity "P0" %}')
    assert 'class="sev p0"' in html
    assert "<svg" in html
    assert "P0 Critical" in html
    assert "Critical" not in rendered('{% severity "P0" word=False %}')


def test_the_four_severities_have_four_shapes():
    assert len({str(badges.severity(code)).split(">P")[0].split("viewBox")[1] for code in badges.SEVERITIES}) == 4


@pytest.mark.parametrize("name", badges.STATES)
def test_a_state_has_shape_and_word(name):
    assert "<svg" in rendered("{% state name %}", name=name)
    assert rendered("{% state name 'In its own words' %}", name=name).endswith("In its own words</span>")


def test_words_of_people_are_escaped_in_states_and_tags():
    assert "<b>" not in rendered("{% state 'ok' text %}{% tag text %}", text="<b>")


def test_a_gauge_says_in_words_what_it_shows():
    html = rendered('{% gauge "Recovery time" 12 15 "min" note="Drill of January" %}')
    for text in ("Recovery time", "12 min.", "Target met", "Target: under 15 min", "Drill of January"):
        assert text in html
    assert "Target missed" in rendered('{% gauge "Availability" 99.62 99.9 "%" better="above" %}')


def test_a_gauge_without_a_measurement_invents_none():
    html = rendered('{% gauge "Recovery point" None 60 "min" %}')
    assert "Not measured yet" in html
    assert 'class="filled' not in html


@pytest.mark.parametrize(
    ("value", "target", "better", "is_met"),
    [(15, 15, "below", False), (15.1, 15, "below", False), (99.9, 99.9, "above", True), (99.8, 99.9, "above", False)],
)
def test_a_limit_that_is_just_reached_is_missed_and_a_level_that_is_just_reached_is_met(value, target, better, is_met):
    assert gauge(value, target, better=better).is_met is is_met


@pytest.mark.parametrize("value", [-5, 0, 15, 1e9])
def test_a_value_off_the_scale_stays_on_the_dial(value):
    numbers = [float(word.strip("MAL")) for word in gauge(value, 15).filled.split() if word.strip("MAL")]
    assert all(-1 <= number <= 120 for number in numbers)


def test_a_target_of_nothing_can_be_drawn():
    assert gauge(3, 0).is_met is False
    assert gauge(100, 100, better="above").filled
