"""Make all tables of an empty database at once, from the models as they are.

Django's way there leads through every migration, each of which draws up all models anew: seconds of work, of which
nothing remains. A test holds both ways to the same tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from django.apps import apps
from django.conf import settings
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import connection
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import Migration, RunPython
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import StateApps
from django.db.models import Model


def is_empty() -> bool:
    """Of SQLite, where a person waits for it. One on a server is made once, and goes the way of all that follow."""
    return connection.vendor == "sqlite" and not connection.introspection.table_names()


def fill() -> None:
    """Make the tables, and put down every migration as applied: all of it, or nothing."""
    executor = MigrationExecutor(connection)
    migrations = [migration for migration, _backwards in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    emit_pre_migrate_signal(verbosity=0, interactive=False, db=connection.alias)
    with connection.schema_editor(atomic=True) as editor:
        executor.recorder.ensure_schema()
        for model in _models():
            editor.create_model(model)
        _run_ours(migrations, editor)
        _put_down(executor.recorder, migrations)
    emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)


def _models() -> Sequence[type[Model]]:
    """Those with a table of their own. Tables between two of them are made with the one that names the other."""
    return [model for model in apps.get_models() if model._meta.can_migrate(connection)]


def _run_ours(migrations: Sequence[Migration], editor: BaseDatabaseSchemaEditor) -> None:
    """What our own migrations do beside tables: triggers. Those of libraries convert rows, of which there are none."""
    for migration in migrations:
        if _is_ours(migration):
            for operation in migration.operations:
                if isinstance(operation, RunPython):
                    operation.code(cast(StateApps, apps), editor)


def _is_ours(migration: Migration) -> bool:
    package = apps.get_app_config(migration.app_label).name.partition(".")[0]
    return (settings.BASE_DIR / package).is_dir()


def _put_down(recorder: MigrationRecorder, migrations: Sequence[Migration]) -> None:
    row = recorder.Migration
    row.objects.using(connection.alias).bulk_create(
        row(app=migration.app_label, name=migration.name) for migration in migrations
    )
