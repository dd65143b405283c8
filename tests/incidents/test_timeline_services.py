"""Writing a timeline: facts, notes, corrections, pins; once each, in a chain that only grows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.audit import origin, triggers
from dr_console.audit.append_only import AppendOnly
from dr_console.errors import Refused
from dr_console.web.sentences import sentence
from incidents.models import Incident, TimelineEntry, TimelineHead
from incidents.queries.timeline import current_entry, revisions, story
from incidents.services import timeline
from incidents.services.timeline import Written
from tests import make

pytestmark = pytest.mark.django_db
Kind = TimelineEntry.Kind
Source = TimelineEntry.Source


@pytest.fixture
def incident() -> Incident:
    return make.incident()


def fact(incident: Incident, **given) -> TimelineEntry:
    return timeline.record(
        incident, sentence(_("Declared as %(severity)s"), severity="P0"), kind=Kind.DECLARED, **given
    )


def note(incident: Incident, text: str = "The phone rang.", **given) -> TimelineEntry:
    by = given.pop("by", None) or make.user("ada")
    token = given.pop("token", "")
    return timeline.note(incident, Written(text, given.pop("at", now()), **given), by=by, token=token)


# --- Facts -----------------------------------------------------------------------------------------------------------
def test_each_entry_holds_the_hash_of_the_one_before(incident):
    first, second = fact(incident), fact(incident)
    head = TimelineHead.objects.get(incident=incident)
    assert (first.seq, second.seq, head.seq) == (1, 2, 2)
    assert (first.prev_hash, second.prev_hash, head.hash) == ("", first.hash, second.hash)


def test_every_incident_has_a_chain_of_its_own(incident):
    assert (fact(incident).seq, fact(make.incident()).seq) == (1, 1)


def test_when_it_happened_and_when_it_was_recorded_are_two_things(incident, time_machine):
    time_machine.move_to("2026-11-22 14:30 +0000", tick=False)
    entry = fact(incident, at=now() - timedelta(minutes=5))
    assert (f"{entry.at:%H:%M}", f"{entry.recorded_at:%H:%M}") == ("14:25", "14:30")


def test_the_same_fact_is_written_once_and_returned_again(incident):
    first = fact(incident, dedup_key="declared")
    assert fact(incident, dedup_key="declared") == first
    assert incident.timeline.count() == 1


def test_from_where_a_fact_is_known(incident, monkeypatch):
    monkeypatch.setattr(origin, "_process", origin.WORKER)
    ada = make.user("ada")
    assert fact(incident).source == Source.CONSOLE
    assert fact(incident, by=ada).source == Source.PERSON
    assert fact(incident, source=Source.PROBES, evidence="/health/").evidence == "/health/"
    monkeypatch.setattr(origin, "_process", origin.TERMINAL)
    assert fact(incident, by=ada).source == Source.TERMINAL


def test_open_pages_are_told(incident, monkeypatch, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        fact(incident)
    assert callbacks


def test_what_no_database_can_keep_is_left_out(incident):
    entry = timeline.record(incident, sentence(_("Alert: %(title)s"), title="a\0b\ud800"), kind=Kind.NOTICED)
    entry.refresh_from_db()
    assert entry.words == "Alert: ab?"


# --- Notes -----------------------------------------------------------------------------------------------------------
def test_a_note_has_a_time_of_its_own(incident):
    at = now() - timedelta(minutes=20)
    entry = note(incident, at=at, evidence="https://graphs.example.com/1")
    assert (entry.at, entry.words, entry.kind, str(entry.author)) == (at, "The phone rang.", "note", "ada")


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("It will fail", timedelta(minutes=1), "in the future"),
        ("The dinosaurs died", -timedelta(days=400), "more than a year"),
        ("  \n ", -timedelta(minutes=1), "Write what happened"),
        ("x" * 4001, -timedelta(minutes=1), "at most 4000"),
    ],
    ids=["future", "long ago", "empty", "long"],
)
def test_what_is_no_note_is_refused_and_nothing_is_written(incident, text, at, words):
    with pytest.raises(Refused, match=words):
        note(incident, text, at=now() + at)
    assert not incident.timeline.exists()


def test_a_note_that_is_sent_twice_is_one(incident):
    ada = make.user("ada")
    assert note(incident, by=ada, token="t1") == note(incident, by=ada, token="t1")
    note(incident, by=ada, token="t2")
    assert incident.timeline.count() == 2


# --- Corrections -----------------------------------------------------------------------------------------------------
def test_a_correction_is_a_row_of_its_own_and_the_original_stays(incident):
    wrong = note(incident, "Tokyo is dark.")
    right = timeline.correct(wrong, Written("Osaka is dark.", wrong.at), by=make.user("bob"))
    (line,) = story(incident).lines
    assert (line.words, line.key, [one.words for one in line.before]) == (
        "Osaka is dark.",
        "entry-1",
        ["Tokyo is dark."],
    )
    assert right.original == wrong
    assert incident.timeline.count() == 2


def test_a_correction_may_move_an_entry_in_time(incident):
    first = note(incident, "First?", at=now() - timedelta(minutes=9))
    fact(incident, at=now() - timedelta(minutes=5))
    timeline.correct(first, Written("First?", now() - timedelta(minutes=1)), by=make.user("bob"))
    assert [line.words for line in story(incident).lines] == ["Declared as P0", "First?"]


def test_what_the_console_said_stays_a_sentence_where_only_its_time_was_wrong(incident):
    entry = fact(incident)
    moved = timeline.correct(entry, Written(entry.words, entry.at - timedelta(minutes=3)), by=make.user())
    assert (moved.said, moved.text) == (entry.said, "")


def test_corrections_can_be_corrected(incident):
    bob = make.user("bob")
    first = note(incident, "One")
    second = timeline.correct(first, Written("Two", first.at), by=bob)
    timeline.correct(second, Written("Three", first.at), by=bob)
    current = current_entry(incident, 1)
    assert current is not None
    assert (current.words, [one.words for one in revisions(current)]) == ("Three", ["One", "Two"])


def test_of_two_who_correct_at_once_the_second_is_told(incident):
    bob = make.user("bob")
    entry = note(incident)
    timeline.correct(entry, Written("The phone did not ring.", entry.at), by=bob)
    with pytest.raises(Refused, match="corrected this entry meanwhile"):
        timeline.correct(entry, Written("Which phone?", entry.at), by=bob)


def test_a_correction_that_changes_nothing_is_refused(incident):
    entry = note(incident)
    with pytest.raises(Refused, match="Nothing is different"):
        timeline.correct(entry, Written(entry.text, entry.at), by=make.user("bob"))


def test_pins_are_nothing_to_correct(incident):
    fact(incident)
    timeline.pin(incident, "entry-1", by=make.user("bob"))
    with pytest.raises(Refused, match="Only an entry"):
        timeline.correct(incident.timeline.get(act="pin"), Written("x", now()), by=make.user("eve"))


# --- Pins ------------------------------------------------------------------------------------------------------------
def test_pinning_twice_is_pinning_once(incident):
    ada = make.user("ada")
    fact(incident)
    timeline.unpin(incident, "entry-1", by=ada)
    for _time in range(2):
        timeline.pin(incident, "entry-1", by=ada)
    assert [entry.act for entry in incident.timeline.order_by("seq")] == ["entry", "pin"]
    assert story(incident).lines[0].is_pinned
    timeline.unpin(incident, "entry-1", by=ada)
    assert not story(incident).lines[0].is_pinned


def test_a_corrected_entry_stays_pinned(incident):
    ada = make.user("ada")
    entry = note(incident, by=ada)
    timeline.pin(incident, "entry-1", by=ada)
    timeline.correct(entry, Written("Two phones rang.", entry.at), by=ada)
    assert [(line.words, line.is_pinned) for line in story(incident).lines] == [("Two phones rang.", True)]


# --- Never changed ---------------------------------------------------------------------------------------------------
def test_the_code_cannot_change_it(incident):
    entry = fact(incident)
    entry.kind = Kind.NOTE
    for forbidden in (
        entry.save,
        entry.delete,
        lambda: incident.timeline.update(kind=Kind.NOTE),
        incident.timeline.all().delete,
        lambda: TimelineEntry.objects.bulk_update([entry], ["kind"]),
    ):
        with pytest.raises(AppendOnly):
            forbidden()


@pytest.mark.parametrize(
    "statement",
    ["UPDATE incidents_timelineentry SET text = 'nothing'", "DELETE FROM incidents_timelineentry"],
    ids=["update", "delete"],
)
def test_nor_can_anybody_else_through_the_database(incident, statement):
    triggers.drop(connection, "incidents_timelineentry")  # the tests' database has lost some of them
    triggers.create(connection, "incidents_timelineentry", "the timeline is append-only")
    fact(incident)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert incident.timeline.get().words == "Declared as P0"


def test_the_migrations_leave_the_trigger(incident):
    """A later migration that makes the table anew on SQLite would lose it."""
    fact(incident)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE incidents_timelineentry SET text = 'nothing'")
