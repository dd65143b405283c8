"""What checks found, packed and added up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dr_console.providers.capabilities.probe import Failure
from incidents import figures
from incidents.figures import Figures, Sample

samples = st.dictionaries(
    st.integers(1, 2**32 - 1),
    st.builds(
        Sample,
        milliseconds=st.floats(0, 60_000, width=32),
        status=st.none() | st.integers(100, 599),
        failure=st.none() | st.sampled_from(Failure),
    ),
    max_size=8,
)


def test_every_failure_has_a_number_of_its_own():
    assert set(figures.FAILURES) == set(Failure)
    assert len(set(figures.FAILURES)) == len(figures.FAILURES)


@given(samples)
def test_what_is_packed_comes_out_as_it_was(found):
    assert figures.unpack_samples(figures.pack_samples(found)) == found


@given(st.lists(samples, max_size=6))
def test_figures_come_out_as_they_were(rounds):
    total = figures.added_up(rounds)
    assert figures.unpack_figures(figures.pack_counts(total), figures.pack_times(total)) == total


@given(st.lists(samples, max_size=4), st.lists(samples, max_size=4))
def test_adding_up_parts_is_adding_up_all(some, others):
    together, parts = figures.added_up([*some, *others]), figures.added_up(some)
    for endpoint, one in figures.added_up(others).items():
        parts.setdefault(endpoint, Figures()).add(one)
    assert parts == together


@given(st.lists(st.floats(1.0, 60_000), min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_is_off_by_no_more_than_three_percent(times, share):
    one = Figures()
    for milliseconds in times:
        one.count_in(Sample(milliseconds))
    exact = sorted(times)[max(0, -int(-share * len(times) // 1) - 1)]
    assert one.percentile(share) == pytest.approx(exact, rel=0.03)


def test_one_round_of_a_usual_plan_is_small():
    assert len(figures.pack_samples({pk: Sample(12.5, 200) for pk in range(1, 17)})) == 176


def test_nothing_gives_no_figures():
    nothing = Figures()
    assert (nothing.availability, nothing.error_rate, nothing.percentile(0.5)) == (None, None, None)


def test_failures_count_against_availability_and_not_into_times():
    one = Figures()
    for _ in range(3):
        one.count_in(Sample(100.0, 200))
    one.count_in(Sample(3000.0, None, Failure.TIMED_OUT))
    assert (one.availability, one.error_rate) == (75.0, 25.0)
    assert one.percentile(0.99) == pytest.approx(100, rel=0.03)


def test_a_very_slow_answer_is_counted_in_the_last_bucket():
    assert figures.bucket_of(10_000_000) == figures.LAST_BUCKET
    assert figures.bucket_of(0.0) == 0
