"""load_plan, export_plan and plan_schema, as people type them."""

from __future__ import annotations

from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command

from dr_console.audit.models import AuditEntry
from dr_console.plans import services
from dr_console.plans.models import PlanVersion
from tests import make

pytestmark = pytest.mark.django_db

BUILT_IN = settings.BASE_DIR / "dr_console" / "plans" / "builtin.yaml"


def run(*arguments: str) -> tuple[str, str, int]:
    """What a command prints, what it complains of, and its exit status."""
    out, err = StringIO(), StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=err)
    except SystemExit as end:
        return out.getvalue(), err.getvalue(), int(end.code or 0)
    return out.getvalue(), err.getvalue(), 0


@pytest.fixture
def changed(tmp_path):
    """The built-in plan's file after some replacements."""

    def write(*changes: tuple[str, str]) -> str:
        text = BUILT_IN.read_text()
        for before, after in changes:
            assert before in text
            text = text.replace(before, after, 1)
        path = tmp_path / "ours.yaml"
        path.write_text(text)
        return str(path)

    return write


def test_loading_prints_what_changes_like_a_diff(changed):
    make.plan()
    aws = BUILT_IN.read_text().split("  - key: aws\n")[1].split("\nrotations:")[0]
    path = changed(
        ("rto_minutes: 15", "rto_minutes: 10"),
        ("zh-hans: 东京", "zh-hans: 东京都"),
        (f"  - key: aws\n{aws}", "  - key: fastly\n    name: Fastly\n"),
        ("    name: Cloudflare\n", "    name: Cloudflare\n    hours: 24/7\n"),
    )
    out, err, status = run("load_plan", path, "--note", "Faster")
    assert (err, status) == ("", 0)
    assert out == (
        "objectives\n"
        "  - rto_minutes: 15\n"
        "  + rto_minutes: 10\n"
        "regions\n"
        "  ~ asia-northeast-1\n"
        "      - name → zh-hans: 东京\n"
        "      + name → zh-hans: 东京都\n"
        "vendors\n"
        "  ~ cloudflare\n"
        "      + hours: 24/7\n"
        "  + fastly: Fastly\n"
        "  - aws: AWS\n"
        "2 added, 2 changed, 1 removed.\n"
        "The plan is now version 2.\n"
    )
    version = PlanVersion.objects.get(number=2)
    assert (version.source, version.note, version.by) == ("ours.yaml", "Faster", None)
    assert AuditEntry.objects.first().origin == "terminal"


def test_the_first_plan_is_all_new():
    out, _err, status = run("load_plan", str(BUILT_IN))
    assert status == 0
    assert "  + cto: CTO\n" in out
    assert "\n  - " not in out
    assert out.endswith("0 changed, 0 removed.\nThe plan is now version 1.\n")


def test_a_dry_run_prints_the_same_and_changes_nothing(changed):
    make.plan()
    before = services.export(), AuditEntry.objects.count()
    out, err, status = run("load_plan", changed(("rto_minutes: 15", "rto_minutes: 10")), "--dry-run")
    assert (err, status) == ("", 0)
    assert out == (
        "objectives\n  - rto_minutes: 15\n  + rto_minutes: 10\n0 added, 1 changed, 0 removed.\n"
        "Nothing was changed: this was a dry run.\n"
    )
    assert (services.export(), AuditEntry.objects.count()) == before
    assert PlanVersion.objects.count() == 1


def test_an_equal_plan_makes_a_version_and_says_that_nothing_differs():
    make.plan()
    out, _err, status = run("load_plan", str(BUILT_IN))
    assert (out, status) == ("Nothing differs from the current plan.\nThe plan is now version 2.\n", 0)


def test_a_wrong_file_is_told_by_line_with_status_2_and_changes_nothing(changed):
    make.plan()
    path = changed(("rto_minutes: 15", "rto_minutes: soon"), ("contact:cto", "contact:ceo"))
    out, err, status = run("load_plan", path)
    lines = err.splitlines()
    assert (out, status, len(lines)) == ("", 2, 2)
    assert lines[0] == f"{path}:22: objectives → rto_minutes: expected a whole number, found “soon”."
    assert lines[1].startswith(f"{path}:15")
    assert PlanVersion.objects.count() == 1


def test_a_file_that_is_not_there(tmp_path):
    _out, err, status = run("load_plan", str(tmp_path / "none.yaml"))
    assert status == 2
    assert err.endswith("expected a file that can be read, found No such file or directory.\n")


def test_colours_are_for_terminals(changed):
    make.plan()
    path = changed(("rto_minutes: 15", "rto_minutes: 10"))
    assert "\x1b" not in run("load_plan", path, "--dry-run")[0]
    assert "\x1b[31m  - rto_minutes: 15\x1b[0m" in run("load_plan", path, "--dry-run", "--force-color")[0]


def test_an_exported_plan_loads_again_without_a_difference(tmp_path):
    make.plan()
    exported, _err, status = run("export_plan")
    assert status == 0
    assert exported.startswith("# DR Console plan, version 1\n")
    path = tmp_path / "plan.yaml"
    path.write_text(exported)
    assert run("load_plan", str(path))[0].startswith("Nothing differs")
    assert run("export_plan")[0] == exported.replace("version 1", "version 2")


def test_an_older_version_is_exported_by_its_number():
    first = make.plan()
    services.move_entry("vendors", "aws", up=True, by=make.user())
    old = run("export_plan", "--number", str(first.number))[0]
    assert old.index("- key: vercel") < old.index("- key: cloudflare") < old.index("- key: aws")
    assert old != run("export_plan")[0]


def test_exporting_what_is_not_there():
    assert run("export_plan") == ("", "There is no plan yet.\n", 2)
    make.plan()
    assert run("export_plan", "--number", "7") == ("", "The plan has no version 7.\n", 2)
