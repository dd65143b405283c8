"""The worst-case ladder."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.models import EscalationPolicy, Objectives
from incidents.queries.escalation import ladders
from tests import make

pytestmark = pytest.mark.django_db


def ladder(severity: str):
    return next(one for one in ladders() if one.policy.severity == severity)


def test_a_level_is_paged_when_all_before_it_let_their_time_pass():
    make.plan()
    EscalationPolicy.objects.get(severity="P0").levels.update(wait_minutes=5)
    assert [rung.at for rung in ladder("P0").rungs] == [timedelta(minutes=m) for m in (0, 5, 10)]


def test_people_are_named_not_keyed():
    make.plan()
    assert all(":" not in name for one in ladders() for rung in one.rungs for name in rung.who)


def test_a_ladder_that_leaves_no_time_to_recover_is_too_slow():
    make.plan()
    policy = EscalationPolicy.objects.get(severity="P0")
    policy.levels.update(wait_minutes=30)
    assert ladder("P0").too_slow


def test_one_that_leaves_it_is_not():
    make.plan()
    EscalationPolicy.objects.filter(severity="P0").update(reserved_minutes=1)
    EscalationPolicy.objects.get(severity="P0").levels.update(wait_minutes=1)
    assert not ladder("P0").too_slow


def test_a_low_severity_is_not_held_to_the_recovery_time():
    make.plan()
    EscalationPolicy.objects.get(severity="P3").levels.update(wait_minutes=600)
    assert not ladder("P3").too_slow


def test_without_objectives_nothing_is_too_slow():
    make.plan()
    Objectives.objects.all().delete()
    assert not any(one.too_slow for one in ladders())


def test_the_number_of_queries_does_not_grow_with_the_policies(django_assert_num_queries):
    make.plan()
    with django_assert_num_queries(6):
        ladders()
