"""Rows of a timeline that somebody edits, removes or inserts behind the console's back: each is found and named."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console import chain
from dr_console.audit import triggers
from dr_console.runs import events
from dr_console.runs.models import StepEvent
from dr_console.web.sentences import sentence
from incidents.models import Incident, TimelineEntry, TimelineHead
from incidents.queries.timeline_check import findings
from incidents.services import timeline
from tests import make

pytestmark = pytest.mark.django_db
TABLE = "incidents_timelineentry"


@pytest.fixture
def incident() -> Incident:
    """With five entries, on a database whose triggers somebody has taken away."""
    incident = make.incident()
    for number in range(1, 6):
        said = sentence(_("Fact %(number)s"), number=number)
        timeline.record(incident, said, kind=TimelineEntry.Kind.NOTICED, at=now())
    triggers.drop(connection, TABLE)
    return incident


def behind_the_back(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount == 1


def found(incident: Incident) -> list[tuple[int, str]]:
    return [(one.place, one.trouble) for one in findings(incident)]


def told(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str]:
    try:
        call_command("verify_timeline", *args, no_color=True)
    except SystemExit as ended:
        return int(str(ended.code)), capsys.readouterr().out
    return 0, capsys.readouterr().out


def test_nothing_is_found_where_nothing_was_done(incident, capsys):
    timeline.note(incident, timeline.Written("烟 🔥", now()), by=make.user())
    timeline.pin(incident, "entry-2", by=make.user("bob"))
    make.incident()
    status, out = told(capsys)
    assert (status, out) == (0, "All 7 rows of 2 timelines are as they were written.\n")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("text", "Nothing happened"),
        ("said", '{"text": "Fact 99"}'),
        ("at", "2020-01-01 00:00:00+00:00"),
        ("recorded_at", "2020-01-01 00:00:00+00:00"),
        ("kind", "note"),
        ("source", "person"),
        ("evidence", "https://example.com"),
        ("act", "pin"),
        ("line", "entry-1"),
        ("dedup_key", "x"),
        ("hash", "0" * 64),
        ("prev_hash", "0" * 64),
    ],
    ids=lambda value: value if len(str(value)) < 12 else "",
)
def test_an_edited_row(incident, capsys, column, value):
    behind_the_back(f"UPDATE {TABLE} SET {column} = %s WHERE incident_id = %s AND seq = 3", value, incident.pk)
    assert found(incident) == [(3, "edited")]
    status, out = told(capsys, incident.reference)
    assert status == 1
    assert f"{incident.reference}: entry 3 was edited" in out


def test_another_author(incident):
    behind_the_back(f"UPDATE {TABLE} SET author_id = %s WHERE seq = 3", make.user().pk)
    assert found(incident) == [(3, "edited")]


@pytest.mark.parametrize("seq", [1, 3, 5])
def test_an_edited_row_with_a_hash_of_its_own(incident, seq):
    row = incident.timeline.get(seq=seq)
    row.text = "Nothing happened"
    new = chain.digest(row.prev_hash, row.facts)
    behind_the_back(f"UPDATE {TABLE} SET text = %s, hash = %s WHERE seq = %s", row.text, new, seq)
    assert found(incident) == [(seq, "edited")]


@pytest.mark.parametrize("seq", [1, 3, 5])
def test_a_removed_row(incident, capsys, seq):
    behind_the_back(f"DELETE FROM {TABLE} WHERE seq = %s", seq)
    assert found(incident) == [(seq, "removed")]
    status, out = told(capsys)
    assert status == 1
    assert f"{incident.reference}: entry {seq} was removed\n1 rows are not" in out


def test_an_inserted_row(incident, capsys):
    last = incident.timeline.get(seq=5)
    forged = TimelineEntry(incident=incident, seq=6, kind="note", text="All was well", prev_hash=last.hash)
    forged.hash = chain.digest(forged.prev_hash, forged.facts)
    TimelineEntry.objects.bulk_create([forged])
    assert found(incident) == [(6, "inserted")]
    status, out = told(capsys)
    assert status == 1
    assert "entry 6 was inserted" in out
    assert "“All was well”" in out


def test_a_row_in_the_place_of_another(incident):
    behind_the_back(f"DELETE FROM {TABLE} WHERE seq = 3")
    forged = TimelineEntry(incident=incident, seq=3, kind="note", text="All was well")
    forged.prev_hash = incident.timeline.get(seq=2).hash
    forged.hash = chain.digest(forged.prev_hash, forged.facts)
    TimelineEntry.objects.bulk_create([forged])
    assert found(incident) == [(3, "edited")]


def test_a_row_that_moved_to_another_incident(incident):
    behind_the_back(f"UPDATE {TABLE} SET incident_id = %s WHERE seq = 3", make.incident().pk)
    assert found(incident) == [(3, "removed")]


def test_a_lost_head(incident):
    behind_the_back("DELETE FROM incidents_timelinehead WHERE incident_id = %s", incident.pk)
    assert found(incident) == [(place, "inserted") for place in range(1, 6)]


def test_what_is_written_after_a_break_does_not_hide_it(incident):
    behind_the_back(f"DELETE FROM {TABLE} WHERE seq = 5")
    timeline.record(incident, sentence(_("Fact %(number)s"), number=6), kind=TimelineEntry.Kind.NOTICED)
    assert TimelineHead.objects.get(incident=incident).seq == 6
    assert found(incident) == [(5, "removed")]


def test_the_logs_of_its_runs_are_looked_through_too(incident, capsys):
    run = make.run({"key": "dns"})
    events.append(run, [StepEvent(kind="started", at=now()), StepEvent(kind="acted", at=now(), step="dns")])
    incident.runs.add(run)
    StepEvent.objects.filter(seq=2).update(kind="observed")
    status, out = told(capsys)
    assert status == 1
    assert f"run {run.code}, line 2 was edited" in out


def test_a_reference_that_does_not_exist():
    with pytest.raises(CommandError, match="no incident INC-1999-001") as error:
        call_command("verify_timeline", "INC-1999-001")
    assert error.value.returncode == 2
