"""What is made ready before the console serves, and that it is made once."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.staticfiles import finders
from django.db import NotSupportedError, connection

from dr_console.env import WrongSetting
from dr_console.management import preparation
from dr_console.plans.models import PlanVersion
from dr_console.roles import ROLES

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folder_of_its_own(settings, tmp_path):
    settings.DR_DATA_DIR = tmp_path
    settings.STATIC_ROOT = tmp_path / "static"


def test_an_empty_database_gets_roles_and_the_built_in_plan():
    preparation.prepare()
    assert set(Group.objects.values_list("name", flat=True)) == set(ROLES)
    assert PlanVersion.objects.get().number == 1


def test_a_second_time_changes_nothing(settings):
    preparation.prepare()
    before = _times(settings.STATIC_ROOT)
    preparation.prepare()
    assert PlanVersion.objects.count() == 1
    assert _times(settings.STATIC_ROOT) == before


def test_static_files_are_copied_again_when_one_has_changed(settings, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "hello.txt").write_text("hello")
    settings.STATICFILES_DIRS = [source]
    finders.get_finder.cache_clear()
    try:
        preparation.prepare()
        assert (settings.STATIC_ROOT / "hello.txt").read_text() == "hello"
        (source / "hello.txt").write_text("hello again")
        preparation.prepare()
        assert (settings.STATIC_ROOT / "hello.txt").read_text() == "hello again"
    finally:
        finders.get_finder.cache_clear()


def test_the_first_administrator_is_made_once(capsys):
    preparation.sync_roles()
    preparation.make_first_administrator()
    said = capsys.readouterr().out
    assert said.startswith("Log in as admin with the password ")
    password = said.split()[7]
    assert User.objects.get(username="admin").check_password(password)
    preparation.make_first_administrator()
    assert capsys.readouterr().out == "Log in as admin, or as yourself\n"


def test_a_password_that_was_chosen_is_not_printed(capsys, settings):
    settings.DR_ADMIN_PASSWORD = "correct horse battery"
    preparation.sync_roles()
    preparation.make_first_administrator()
    assert User.objects.get(username="admin").check_password("correct horse battery")
    assert capsys.readouterr().out == "Log in as admin, or as yourself\n"


def test_a_postgresql_that_is_too_old_is_refused_by_name(monkeypatch):
    def refuse():
        raise NotSupportedError("PostgreSQL 14 or later is required (found 13.4).")

    monkeypatch.setattr(connection, "ensure_connection", refuse)
    with pytest.raises(WrongSetting, match=r"^DATABASE_URL: .*PostgreSQL 14 or later is required \(found 13\.4\)\.$"):
        preparation.prepare()


def _times(folder: Path) -> dict[str, float]:
    return {str(path): path.stat().st_mtime for path in folder.rglob("*") if path.is_file()}
