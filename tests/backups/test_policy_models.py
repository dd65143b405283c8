"""Backup policies and recovery points as rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from backups.models import BackupPolicy, RecoveryPoint
from tests import make

pytestmark = pytest.mark.django_db


def test_interval_and_retention_as_lengths_of_time():
    assert BackupPolicy(interval_seconds=3600, retention_days=7).interval == timedelta(hours=1)
    assert BackupPolicy(interval_seconds=3600, retention_days=7).retention == timedelta(days=7)
    assert BackupPolicy().interval is None
    assert BackupPolicy().retention is None


def test_a_recovery_point_is_recorded_once():
    make.plan()
    policy = BackupPolicy.objects.get(key="redis-to-elasticache")
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    RecoveryPoint.objects.create(policy=policy, at=at)
    with pytest.raises(IntegrityError), transaction.atomic():
        RecoveryPoint.objects.create(policy=policy, at=at)
