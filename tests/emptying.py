"""Empty the database after a test that has committed: what Django's flush does, in a small part of its time.

Django empties every table there is, and has every app make its permissions and content types again. Few tables have
rows, though, and what the migrations have made is there already: it is compared, and put back only if it has changed.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

# On PostgreSQL, tables whose rows a trigger of ours keeps (8 in tgtype: DELETE). Their owner may still TRUNCATE them.
KEPT_BY_TRIGGERS = "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal AND tgtype & 8 <> 0"
SQLITE_TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%BEFORE DELETE%'"


class Emptying:
    """What was in the database before the first test, and the way back to it."""

    def __init__(self) -> None:
        self._tables: list[str] = connection.introspection.django_table_names(only_existing=True, include_views=False)
        with connection.cursor() as cursor:
            self._kept = _let_go(cursor)
            self._first = {table: _rows(cursor, table) for table in self._with_rows(cursor)}

    def __call__(self) -> None:
        """Leave every table as it was before the first test."""
        with connection.constraint_checks_disabled(), transaction.atomic(), connection.cursor() as cursor:
            changed = self._changed(cursor)
            # PostgreSQL refuses TRUNCATE once a constraint waits to be checked.
            for table in sorted(changed, key=lambda table: table not in self._kept):
                cursor.execute(f"{'TRUNCATE' if table in self._kept else 'DELETE FROM'} {_quoted(table)}")
            for table in changed & self._first.keys():
                _put_back(cursor, table, self._first[table])

    def _changed(self, cursor: CursorWrapper) -> set[str]:
        filled = self._with_rows(cursor)
        return (filled - self._first.keys()) | {
            table for table, rows in self._first.items() if rows != _rows(cursor, table)
        }

    def _with_rows(self, cursor: CursorWrapper) -> set[str]:
        asked = (f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {_quoted(table)})" for table in self._tables)
        cursor.execute(" UNION ALL ".join(asked))
        return {table for (table,) in cursor.fetchall()}


def _let_go(cursor: CursorWrapper) -> set[str]:
    """Tables that need TRUNCATE. SQLite has none such: there, the triggers that keep rows are taken away."""
    if connection.vendor == "postgresql":
        cursor.execute(KEPT_BY_TRIGGERS)
        return {table for (table,) in cursor.fetchall()}
    cursor.execute(SQLITE_TRIGGERS)
    for (trigger,) in cursor.fetchall():
        cursor.execute(f"DROP TRIGGER {_quoted(trigger)}")
    return set()


def _rows(cursor: CursorWrapper, table: str) -> list[tuple[Any, ...]]:
    cursor.execute(f"SELECT * FROM {_quoted(table)} ORDER BY 1")
    return list(cursor.fetchall())


def _put_back(cursor: CursorWrapper, table: str, rows: list[tuple[Any, ...]]) -> None:
    marks = ", ".join(["%s"] * len(rows[0]))
    cursor.executemany(f"INSERT INTO {_quoted(table)} VALUES ({marks})", rows)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
