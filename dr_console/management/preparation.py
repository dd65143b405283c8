"""Everything that must be there before the console can serve. A step that is repeated does nothing the second time."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from dr_console.env import WrongSetting
from dr_console.live.ping import ping
from dr_console.operations import data_folder
from dr_console.people.services import first_administrator, sync_roles
from dr_console.plans import reader
from dr_console.plans import services as plans
from dr_console.plans.models import PlanVersion

BUILT_IN_PLAN = settings.BASE_DIR / "dr_console" / "plans" / "builtin.yaml"
OUR_REDIS_STARTS_WITHIN_SECONDS = 30.0
# Any number, the same on every server: those who start at once prepare one after the other.
ADVISORY_LOCK = 20_250_110


def prepare() -> None:
    """Reach the database and Redis, migrate, write the roles, load the built-in plan, collect static files.

    Raises WrongSetting, which names the setting to change.
    """
    _reach_database()
    _reach_redis()
    with _one_at_a_time():
        _migrate()
        sync_roles()
        _load_built_in_plan()
    _collect_static_files()


def make_first_administrator() -> None:
    """Make somebody who can log in, when there is nobody yet; print who, and the password where it was made up."""
    password = settings.DR_ADMIN_PASSWORD or None
    person, made_up = first_administrator(settings.DR_ADMIN_USERNAME, settings.DR_ADMIN_EMAIL, password)
    login = person.get_username()
    if made_up:
        print(f"Log in as {login} with the password {made_up}  (made up just now; it is not shown again)", flush=True)
    else:
        print(f"Log in as {login}, or as yourself", flush=True)


def welcome() -> None:
    """What a person who has just started the console needs: where it is, and how to get in."""
    print(f"\nDR Console is at {settings.DR_PUBLIC_URL}", flush=True)
    make_first_administrator()
    print("Ctrl-C stops it.\n", flush=True)


def _reach_database() -> None:
    is_in_folder = str(connection.settings_dict["NAME"]).startswith(str(settings.DR_DATA_DIR))
    setting = "DR_DATA_DIR" if is_in_folder else "DATABASE_URL"
    try:
        settings.DR_DATA_DIR.mkdir(parents=True, exist_ok=True)
        connection.ensure_connection()
    except OSError as error:
        raise WrongSetting("DR_DATA_DIR", f"{settings.DR_DATA_DIR} cannot be written ({error.strerror}).") from error
    except DatabaseError as error:
        problem = str(error).strip().splitlines()[0].rstrip(".")
        raise WrongSetting(setting, f"the database cannot be used: {problem}.") from error


def _reach_redis() -> None:
    is_ours = data_folder.redis_url(settings.DR_DATA_DIR) == settings.REDIS_URL
    until = time.monotonic() + (OUR_REDIS_STARTS_WITHIN_SECONDS if is_ours else 0)
    while not ping():
        if time.monotonic() >= until:
            raise WrongSetting("REDIS_URL", "no Redis answers at this address, or not to this password.")
        time.sleep(0.02)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """SQLite is for one server, where `manage.py up` holds the data folder."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_LOCK])


def _migrate() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        print("Making the database ready …", flush=True)
        call_command("migrate", interactive=False, verbosity=0)


def _load_built_in_plan() -> None:
    if not PlanVersion.objects.exists():
        plans.load(reader.read(BUILT_IN_PLAN), by=None, source=BUILT_IN_PLAN.name)


def _collect_static_files() -> None:
    """Copy them when one has changed: looking costs milliseconds, copying and hashing a good part of a second."""
    marker = settings.STATIC_ROOT / ".collected"
    now = _fingerprint()
    if marker.exists() and marker.read_text(encoding="utf-8") == now:
        return
    try:
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        marker.write_text(now, encoding="utf-8")
    except OSError as error:
        raise WrongSetting("DR_DATA_DIR", f"{error.filename} cannot be written ({error.strerror}).") from error


def _fingerprint() -> str:
    """Changes with every file's name, size or time."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list(ignore_patterns=["CVS", ".*", "*~"]):
            stat = (storage.size(path), storage.get_modified_time(path).timestamp())
            digest.update(f"{storage.location}/{path} {stat}\n".encode())
    return digest.hexdigest()
