"""`manage.py oncall`: in a terminal, where there is no browser."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.incidents import rostering

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def primary(time_machine):
    time_machine.move_to(rostering.NOW, tick=False)
    rostering.people()
    return rostering.rotation()


def printed(*arguments):
    out = StringIO()
    call_command("oncall", *arguments, stdout=out)
    return out.getvalue()


def test_it_says_who_and_who_then():
    assert printed() == (
        "On Mon 2026-11-23 12:00 UTC:\n"
        "Primary (primary): Ada until Mon 2026-11-30 09:00\n"
        "  then Bob from Mon 2026-11-30 09:00\n"
    )


def test_at_a_time_by_the_clock_of_a_zone():
    said = printed("--at", "2026-11-30 19:00", "--zone", "Asia/Tokyo", "--rotation", "primary")
    assert said.startswith("On Mon 2026-11-30 19:00 Asia/Tokyo:\nPrimary (primary): Bob until Mon 2026-12-07 18:00\n")


def test_nobody_is_an_exit_status_of_its_own(capsys):
    rostering.weekend()
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("oncall", stdout=out)
    assert ended.value.code == 1
    assert "Weekend (weekend): NOBODY" in out.getvalue()
    assert "then Bob from Sat 2026-11-28 00:00" in out.getvalue()


def test_as_json_with_the_facts_of_the_api():
    facts = json.loads(printed("--json", "--at", "2026-12-01T05:00:00+09:00"))
    assert facts["at"] == "2026-11-30T20:00:00Z"
    assert facts["rotations"][0]["on_call"]["contact"] == "bob"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--at", "soon"], "“soon” is no time"),
        (["--at", "2026-02-30 10:00"], "is no time"),
        (["--at", "1850-01-01 00:00"], "this century"),
        (["--zone", "Mars/Olympus"], "is no time zone"),
        (["--zone", "/etc/passwd"], "is no time zone"),
        (["--rotation", "moon"], "There is no rotation “moon”"),
    ],
    ids=["word", "day", "century", "zone", "path", "rotation"],
)
def test_what_is_wrong_is_said(arguments, said):
    with pytest.raises(CommandError, match=said) as problem:
        printed(*arguments)
    assert problem.value.returncode == 2


def test_a_plan_without_rotations_says_so(primary):
    primary.delete()
    assert printed().endswith("The plan has no rotation.\n")
