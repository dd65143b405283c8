"""To what moment could we return?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from backups.models import BackupPolicy, RecoveryPoint
from backups.queries import findings, recovery_states, worst_age
from tests import make

pytestmark = pytest.mark.django_db


def seen(policy: BackupPolicy, **ago: int) -> RecoveryPoint:
    return RecoveryPoint.objects.create(policy=policy, at=now() - timedelta(**ago))


def state_of(policy: BackupPolicy):
    return next(one for one in recovery_states() if one.policy == policy)


@pytest.fixture
def real_time() -> BackupPolicy:
    make.plan()
    return BackupPolicy.objects.filter(category="real_time").first()


def test_what_was_never_seen_is_unknown_and_never_fine(real_time):
    assert {one.state for one in recovery_states()} == {"unknown"}
    assert worst_age(recovery_states()) is None
    assert [finding.state for finding in findings(recovery_states())] == ["unknown"]


def test_the_newest_point_counts(real_time):
    seen(real_time, hours=9)
    seen(real_time, minutes=3)
    assert state_of(real_time).state == "ok"
    assert timedelta(minutes=3) <= state_of(real_time).age < timedelta(minutes=4)


def test_a_point_older_than_the_objective_fails(real_time):
    seen(real_time, hours=30)
    assert state_of(real_time).state == "failed"
    assert findings(recovery_states())[0].state == "failed"


def test_a_daily_copy_is_held_to_its_own_interval():
    make.plan()
    daily = BackupPolicy.objects.filter(interval_seconds=86400).first()
    seen(daily, hours=20)
    assert state_of(daily).state == "ok"


def test_the_worst_age_is_unknown_as_long_as_one_source_is(real_time):
    seen(real_time, minutes=3)
    assert worst_age(recovery_states()) is None
    for policy in BackupPolicy.objects.filter(category="real_time").exclude(pk=real_time.pk):
        seen(policy, minutes=40)
    assert timedelta(minutes=40) <= worst_age(recovery_states()) < timedelta(minutes=41)


def test_a_clock_that_is_ahead_makes_no_negative_age(real_time):
    seen(real_time, minutes=-5)
    assert state_of(real_time).age == timedelta(0)


def test_a_plan_without_backups_fails():
    assert findings(recovery_states())[0].what == "Nothing is backed up"
