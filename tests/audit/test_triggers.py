"""What the database itself refuses, on SQLite and on PostgreSQL."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, connection, transaction

from dr_console.audit import triggers
from dr_console.audit.models import AuditEntry
from dr_console.audit.services import record

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry():
    # tests/conftest.py takes one of them away, so that tests can be cleaned up after. Rolled back with the test.
    triggers.drop(connection)
    triggers.create(connection)
    return record("plan.loaded", by=None, target="plan 1")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditentry SET action = 'nothing'",
        "UPDATE audit_auditentry SET before = NULL",
        "DELETE FROM audit_auditentry",
    ],
)
def test_the_database_refuses_to_rewrite_the_log(entry, statement):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEntry.objects.get().action == "plan.loaded"


def test_django_itself_is_refused_too(entry):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry._base_manager.filter(pk=entry.pk)._raw_delete(using="default")


def test_the_migration_can_be_undone(entry):
    migration = import_module("dr_console.audit.migrations.0001_initial")
    editor = SimpleNamespace(connection=connection)
    migration.drop_triggers(None, editor)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_auditentry")
    assert not AuditEntry.objects.exists()
    migration.create_triggers(None, editor)


def test_tests_that_commit_can_still_empty_the_table(transactional_db):
    """The teardown of this test does it."""
    record("plan.loaded", by=None, target="plan 1")
