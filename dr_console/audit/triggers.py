"""What the database itself refuses: changing or deleting a line of a log, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

AUDIT_LOG = "audit_auditentry"
EVENTS = ("update", "delete")


def create(
    connection: BaseDatabaseWrapper, table: str = AUDIT_LOG, message: str = "the audit log is append-only"
) -> None:
    """Make the triggers of a table, in the dialect of the database at hand."""
    with connection.cursor() as cursor:
        for statement in _postgresql(table, message) if connection.vendor == "postgresql" else _sqlite(table, message):
            cursor.execute(statement)


def drop(connection: BaseDatabaseWrapper, table: str = AUDIT_LOG, events: tuple[str, ...] = EVENTS) -> None:
    """Remove them again: for the migration's reverse, and for tests that empty the table on SQLite."""
    is_postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        for event in events:
            cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{event}" + (f" ON {table}" if is_postgresql else ""))
        if is_postgresql and events == EVENTS:
            cursor.execute(f"DROP FUNCTION IF EXISTS {table}_refuse()")


def _sqlite(table: str, message: str) -> Iterator[str]:
    for event in EVENTS:
        yield (
            f"CREATE TRIGGER {table}_no_{event} BEFORE {event.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )


def _postgresql(table: str, message: str) -> Iterator[str]:
    # TRUNCATE stays allowed: only the table's owner may, and Django's flush between tests is one.
    yield (
        f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql "
        f"AS $$ BEGIN RAISE EXCEPTION '{message}'; END $$"
    )
    for event in EVENTS:
        yield (
            f"CREATE TRIGGER {table}_no_{event} BEFORE {event.upper()} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_refuse()"
        )
