"""What the database itself refuses: changing or deleting a line of the audit log, whoever asks."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "audit_auditentry"
MESSAGE = "the audit log is append-only"

SQLITE = {
    event: (
        f"CREATE TRIGGER {TABLE}_no_{event} BEFORE {event.upper()} ON {TABLE} "
        f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END",
        f"DROP TRIGGER IF EXISTS {TABLE}_no_{event}",
    )
    for event in ("update", "delete")
}
POSTGRESQL_FUNCTION = (
    f"CREATE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{MESSAGE}'; END $$"
)
# TRUNCATE stays allowed: only the table's owner may, and Django's flush between tests is one.
POSTGRESQL = {
    event: (
        f"CREATE TRIGGER {TABLE}_no_{event} BEFORE {event.upper()} ON {TABLE} "
        f"FOR EACH ROW EXECUTE FUNCTION {TABLE}_refuse()",
        f"DROP TRIGGER IF EXISTS {TABLE}_no_{event} ON {TABLE}",
    )
    for event in ("update", "delete")
}


def create(connection: BaseDatabaseWrapper) -> None:
    """Make the triggers, in the dialect of the database at hand."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL_FUNCTION)
        for make, _drop in (POSTGRESQL if connection.vendor == "postgresql" else SQLITE).values():
            cursor.execute(make)


def drop(connection: BaseDatabaseWrapper) -> None:
    """Remove them again: for the migration's reverse, and for tests that empty the table on SQLite."""
    with connection.cursor() as cursor:
        for _make, drop_one in (POSTGRESQL if connection.vendor == "postgresql" else SQLITE).values():
            cursor.execute(drop_one)
        if connection.vendor == "postgresql":
            cursor.execute(f"DROP FUNCTION IF EXISTS {TABLE}_refuse()")
