"""The timeline on its page: told page by page, filtered, written to, corrected, pinned, taken away as a file."""

from __future__ import annotations

import csv
import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.audit.models import AuditEntry
from dr_console.web.sentences import sentence
from incidents.models import Incident, TimelineEntry
from incidents.queries.timeline import story
from incidents.services import timeline
from incidents.services.timeline import Written
from tests import make, scenes

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def wei(client) -> User:
    someone = make.user("wei", role="commander")
    client.force_login(someone)
    return someone


@pytest.fixture
def incident() -> Incident:
    return make.incident(started_at=now() - timedelta(hours=1))


def url(incident: Incident, name: str = "page", *args: Any) -> str:
    return reverse(f"incidents:timeline-{name}", args=[incident.reference, *args])


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return str(response.content.decode())


def facts(incident: Incident, count: int) -> None:
    for number in range(count):
        said = sentence(_("Fact %(number)s"), number=number)
        timeline.record(
            incident, said, kind=TimelineEntry.Kind.NOTICED, at=incident.started_at + timedelta(seconds=number)
        )


def note(incident: Incident, words: str, by: User) -> TimelineEntry:
    return timeline.note(incident, Written(words, now()), by=by)


# --- Reading ---------------------------------------------------------------------------------------------------------
def test_the_page_and_its_part(client, wei, incident):
    facts(incident, 1)
    assert "<html" in text(client.get(url(incident)))
    part = text(client.get(url(incident), headers=HTMX))
    assert "<html" not in part
    assert "Fact 0" in part


@pytest.mark.parametrize("name", ["page", "json", "csv"])
def test_who_may_read(client, incident, name):
    assert client.get(url(incident, name)).url.startswith(reverse("account_login"))
    client.force_login(make.user("nobody"))
    assert client.get(url(incident, name)).status_code == 403
    client.force_login(make.user("vera", role="viewer"))
    assert client.get(url(incident, name)).status_code == 200
    assert client.post(url(incident, name)).status_code == 405


def test_a_viewer_cannot_write(client, incident):
    facts(incident, 1)
    client.force_login(make.user("vera", role="viewer"))
    assert "<textarea" not in text(client.get(url(incident)))
    for name, args in (("note", ()), ("pin", ()), ("correct", (1,))):
        assert client.post(url(incident, name, *args), {"text": "x"}).status_code == 403
    assert incident.timeline.count() == 1


def test_every_line_is_told_once_whichever_way_one_pages(wei, incident):
    facts(incident, 25)
    pages, cursor = [], ""
    while cursor is not None:
        page = story(incident, cursor=cursor, rows=10)
        pages.append([line.words for line in page.lines])
        cursor = page.older
    assert sum(pages[::-1], []) == [f"Fact {number}" for number in range(25)]
    back = story(incident, cursor=story(incident, rows=10).older or "", rows=10)
    assert [line.words for line in story(incident, cursor=back.newer or "", rows=10).lines] == pages[0]


def test_what_happened_at_the_same_time_is_told_once(wei, incident):
    at = now() - timedelta(minutes=1)
    run = make.run({"key": "dns", "state": "failed", "ended_at": at})
    incident.runs.add(run)
    for number in range(4):
        timeline.record(incident, sentence(_("Fact %(number)s"), number=number), kind=TimelineEntry.Kind.ACTED, at=at)
    make.message(about=incident.reference, dedup_key="m", recipient="ada")
    told, cursor = [], ""
    while cursor is not None:
        page = story(incident, cursor=cursor, rows=2)
        told = [line.words for line in page.lines] + told
        cursor = page.older
    assert told == [
        *(f"Fact {n}" for n in range(4)),
        "Dns: Failed",
        "Slack to ada: [SANDBOX] Tokyo does not answer (Queued)",
    ]


def test_a_page_costs_the_same_however_long_the_story(client, wei, incident, django_assert_max_num_queries):
    facts(incident, 120)
    for address in (url(incident), reverse("incidents:timeline", args=[incident.reference])):
        client.get(address)
        with django_assert_max_num_queries(22):
            client.get(address)


def test_a_place_that_does_not_exist(client, wei, incident):
    assert client.get(url(incident), {"cursor": "nonsense"}).status_code == 400


def test_a_reference_that_does_not_exist(client, wei):
    assert client.get(reverse("incidents:timeline-page", args=["INC-1999-001"])).status_code == 404


def test_an_older_page_leads_to_the_newest(client, wei, incident):
    facts(incident, 60)
    older = story(incident).older
    page = text(client.get(url(incident), {"cursor": older}))
    assert "Fact 9" in page
    assert "Fact 59" not in page
    assert "Jump to newest" in page
    assert "The story begins here" in page


# --- Filters ---------------------------------------------------------------------------------------------------------
def test_by_kind_and_by_person(client, wei, incident):
    facts(incident, 2)
    note(incident, "Ada saw smoke", make.user("ada"))
    note(incident, "Wei saw fire", wei)
    assert "Fact 1" not in text(client.get(url(incident), {"kind": "note"}))
    by_wei = text(client.get(url(incident), {"who": wei.pk}, headers=HTMX))
    assert "Wei saw fire" in by_wei
    assert "Ada saw smoke" not in by_wei
    of_the_console = text(client.get(url(incident), {"who": "console"}, headers=HTMX))
    assert "Fact 1" in of_the_console
    assert "Wei saw fire" not in of_the_console


@pytest.mark.parametrize("asked", [{"kind": "gossip"}, {"who": "99999"}, {"who": "' OR 1=1"}], ids=str)
def test_a_filter_that_does_not_exist(client, wei, incident, asked):
    assert client.get(url(incident), asked).status_code == 422


def test_pinned_lines_of_every_origin_make_the_story(client, wei, incident):
    facts(incident, 2)
    run = make.run({"key": "dns", "state": "failed", "ended_at": now()})
    incident.runs.add(run)
    for line in ("entry-2", f"step-{run.steps.get().pk}"):
        assert client.post(url(incident, "pin"), {"line": line}, headers=HTMX).status_code == 204
    page = text(client.get(url(incident), {"pinned": "on"}, headers=HTMX))
    assert "Fact 1" in page
    assert "Dns: Failed" in page
    assert "Fact 0" not in page


@pytest.mark.parametrize("line", ["", "entry-", "entry-99", "step-1", "entry-²", "toast-1", "entry-" + "9" * 30])
def test_what_is_not_on_this_timeline_cannot_be_pinned(client, wei, incident, line):
    facts(incident, 1)
    assert client.post(url(incident, "pin"), {"line": line}).status_code == 404
    assert incident.timeline.count() == 1


def test_without_javascript_one_comes_back_to_the_same_page(client, wei, incident):
    facts(incident, 1)
    response = client.post(url(incident, "pin"), {"line": "entry-1", "kind": "noticed"})
    assert response.url == url(incident) + "?kind=noticed"
    client.post(url(incident, "pin"), {"line": "entry-1", "off": "yes"})
    assert not story(incident).lines[0].is_pinned


# --- Notes -----------------------------------------------------------------------------------------------------------
def test_a_note_through_htmx_renews_the_timeline_and_leaves_an_empty_form(client, wei, incident):
    response = client.post(url(incident, "note"), {"text": "Smoke", "token": "t"}, headers=HTMX)
    assert "Smoke" not in text(response)
    assert "live:timeline" in response["HX-Trigger"]
    client.post(url(incident, "note"), {"text": "Smoke", "token": "t"}, headers=HTMX)
    assert incident.timeline.get().words == "Smoke"


def test_a_note_without_javascript(client, wei, incident):
    assert "<textarea" in text(client.get(url(incident, "note")))
    posted = {"text": "**Smoke**\r\nin\r\nTokyo", "at": f"{now() - timedelta(minutes=5):%Y-%m-%dT%H:%M}"}
    assert client.post(url(incident, "note"), posted).url == url(incident)
    assert incident.timeline.get().text == "**Smoke**\nin\nTokyo"
    assert "<strong>Smoke</strong>" in text(client.get(url(incident)))


def test_the_time_is_taken_as_utc_whatever_the_person_s_own_zone(client, wei, incident, time_machine):
    time_machine.move_to("2026-11-22 14:30 +0000", tick=False)
    Incident.objects.update(started_at=now())
    client.post(url(incident, "note"), {"text": "x", "at": "2026-11-22T14:05:30"})
    assert f"{incident.timeline.get().at:%H:%M:%S %z}" == "14:05:30 +0000"


@pytest.mark.parametrize(
    ("posted", "words"),
    [
        ({"at": "2999-01-01T00:00"}, "in the future"),
        ({"at": "0001-01-01T00:00"}, "more than a year"),
        ({"at": "yesterday"}, "Enter a valid date/time"),
        ({"text": ""}, "required"),
        ({"text": "x" * 4001}, "at most 4000"),
        ({"text": "a\0b"}, "Null characters"),
        ({"evidence": "javascript:alert(1)"}, "https://"),
        ({"evidence": "/etc/passwd"}, "https://"),
    ],
    ids=str,
)
@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
def test_bad_input_is_told_at_its_field_and_nothing_is_lost(client, wei, incident, posted, words, headers):
    page = text(client.post(url(incident, "note"), {"text": "Smoke", **posted}, headers=headers), 422)
    assert words in page
    assert "aria-invalid" in page
    assert ("Smoke" in page) == ("text" not in posted)
    assert not incident.timeline.exists()


def test_markdown_with_scripts_is_shown_as_it_was_typed(client, wei, incident):
    typed = "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)> # no heading"
    client.post(url(incident, "note"), {"text": typed})
    assert incident.timeline.get().text == typed
    page = text(client.get(url(incident)))
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert "<img" not in page


# --- Corrections -----------------------------------------------------------------------------------------------------
def test_a_correction_shows_both(client, wei, incident):
    note(incident, "Tokyo is dark", make.user("ada"))
    form = text(client.get(url(incident, "correct", 1)))
    assert "Tokyo is dark</textarea>" in form
    posted = {"text": "Osaka is dark", "at": f"{now() - timedelta(minutes=2):%Y-%m-%dT%H:%M:%S}", "seq": 1}
    assert client.post(url(incident, "correct", 1), posted).url == url(incident)
    page = text(client.get(url(incident)))
    assert "<del>Tokyo is dark</del>" in page
    assert "Osaka is dark" in page


def test_a_correction_that_came_too_late_keeps_what_was_typed(client, wei, incident):
    entry = note(incident, "Tokyo is dark", wei)
    timeline.correct(entry, Written("Kyoto is dark", entry.at), by=make.user("ada"))
    posted = {"text": "Osaka is dark", "at": f"{entry.at:%Y-%m-%dT%H:%M:%S}", "seq": 1}
    page = text(client.post(url(incident, "correct", 1), posted), 409)
    assert "corrected this entry meanwhile" in page
    assert "Osaka is dark" in page


def test_only_the_words_are_corrected_where_the_time_is_left(client, wei, incident):
    entry = note(incident, "Tokyo is dark", wei)
    posted = {"text": "Osaka is dark", "at": f"{entry.at:%Y-%m-%dT%H:%M:%S}", "seq": 1}
    client.post(url(incident, "correct", 1), posted)
    assert incident.timeline.get(act="correction").at == entry.at


@pytest.mark.parametrize("number", [2, 99, 999_999_999_999_999_999_999])
def test_what_is_no_entry_cannot_be_corrected(client, wei, incident, number):
    note(incident, "x", wei)
    timeline.pin(incident, "entry-1", by=wei)
    assert client.get(url(incident, "correct", number)).status_code == 404


# --- Files -----------------------------------------------------------------------------------------------------------
def test_json_lets_anybody_check_the_chain(client, wei, incident):
    facts(incident, 2)
    note(incident, "烟", wei)
    timeline.pin(incident, "entry-3", by=wei)
    response = client.get(url(incident, "json"))
    assert "attachment" in response["Content-Disposition"]
    told = json.loads(b"".join(response.streaming_content))
    previous = ""
    for row in told["entries"]:
        canonical = json.dumps(
            [row["previous"], *row["facts"]], sort_keys=True, ensure_ascii=False, separators=(",", ":")
        )
        assert (row["previous"], row["hash"]) == (previous, hashlib.sha256(canonical.encode()).hexdigest())
        previous = row["hash"]
    assert told["chain"]["length"] == len(told["entries"]) == 4
    assert told["chain"]["head"] == previous
    assert AuditEntry.objects.filter(action="timeline.exported").exists()


def test_csv_has_every_row_and_what_was_merged_in(client, wei):
    incident = scenes.scene("failed")
    note(incident, "=cmd|'/c calc'!A1", wei)
    body = b"".join(client.get(url(incident, "csv")).streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(body.splitlines()))
    assert [row["place"] for row in rows if row["place"]] == [str(number) for number in range(1, 6)]
    assert any("Point DNS at California: Failed" in row["words"] for row in rows)
    assert next(row["words"] for row in rows if row["kind"] == "note").startswith("'=cmd")


def test_an_empty_timeline_can_be_taken_away_too(client, wei, incident):
    told = json.loads(b"".join(client.get(url(incident, "json")).streaming_content))
    assert (told["entries"], told["merged"], told["chain"]["length"]) == ([], [], 0)
