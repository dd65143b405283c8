"""An empty database gets all its tables at once: the same that the migrations would have made one after the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from tests.running import ROOT

# In a process of its own, with a database of its own: it says what is in it, as the database itself knows it.
MADE = """
import json, sys
import django
django.setup()
from django.core.management import call_command
from django.core.management.commands import migrate
from django.db import connection

call_command(migrate.Command() if sys.argv[1] == "one-by-one" else "migrate", verbosity=0)
with connection.cursor() as cursor:
    seen = connection.introspection
    tables = {}
    for table in sorted(seen.table_names(cursor)):
        cursor.execute(f'SELECT COUNT(*) FROM "{table}"')
        tables[table] = {
            "rows": cursor.fetchone()[0],
            "columns": sorted(
                [column.name, str(seen.get_field_type(column.type_code, column)), bool(column.null_ok)]
                for column in seen.get_table_description(cursor, table)
            ),
            "constraints": sorted(
                [facts["columns"] or [], facts["unique"], facts["check"], facts["primary_key"], facts["index"],
                 list(facts["foreign_key"] or [])]
                for facts in seen.get_constraints(cursor, table).values()
            ),
        }
    cursor.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
    triggers = [list(row) for row in cursor.fetchall()]
    cursor.execute("SELECT app, name FROM django_migrations ORDER BY app, name")
    applied = [list(row) for row in cursor.fetchall()]
    cursor.execute("SELECT codename FROM auth_permission ORDER BY codename")
    permissions = [row[0] for row in cursor.fetchall()]
print(json.dumps({"tables": tables, "triggers": triggers, "applied": applied, "permissions": permissions}))
"""


def test_all_at_once_and_one_by_one_the_tables_are_the_same(tmp_path):
    at_once, one_by_one = (_made(way, tmp_path / way) for way in ("at-once", "one-by-one"))
    assert at_once["tables"].keys() == one_by_one["tables"].keys()
    for table, facts in one_by_one["tables"].items():
        assert at_once["tables"][table] == facts, table
    assert at_once == one_by_one
    assert at_once["triggers"], "the logs are kept by triggers"


def _made(way: str, folder: Any) -> dict[str, Any]:
    folder.mkdir()
    env = {**os.environ, "DR_DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "dr_console.settings"}
    env.pop("DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, "-c", MADE, way], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout)
    return made
