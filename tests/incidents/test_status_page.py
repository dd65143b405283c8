"""The public status page: what it tells, as files, pushed to wherever it is to be, and never lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest

from dr_console.audit.models import AuditEntry
from dr_console.errors import Refused
from dr_console.notifications.models import Delivery
from dr_console.providers import registry
from dr_console.providers.deadlines import Deadline
from dr_console.status_places import StatusPlaces
from incidents.figures import Figures, pack_counts
from incidents.models import (
    Audience,
    Impact,
    Incident,
    MaintenanceNotice,
    ProbeRollup,
    Service,
    Stage,
    StatusPage,
    StatusStore,
)
from incidents.queries.health import used_endpoints
from incidents.queries.status_page import public_page
from incidents.queries.status_stores import stores
from incidents.services import status_page, status_push, updates
from incidents.services.status_files import files
from incidents.services.status_page import Planned
from incidents.services.updates import Draft
from tests import make

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
NAMES = {
    *("index.html", "index.zh-hans.html", "history.html", "history.zh-hans.html", "status.json"),
    *("feed.atom", "feed.zh-hans.atom", "status.css", "status.svg"),
}


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(START, tick=False)
    return time_machine


@pytest.fixture
def incident() -> Incident:
    make.plan()
    return make.incident(started_at=START, service=Service.objects.get(key="api"))


@pytest.fixture
def folder(settings, tmp_path):
    settings.DR_STATUS_PAGE = StatusPlaces(url="https://status.example.com", folder=tmp_path / "page")
    return tmp_path / "page"


def publish(incident, token="one", **fields):
    given = {"stage": Stage.INVESTIGATING, "headline": {"en": "API <b>fails</b>", "zh-hans": "API 故障"}}
    draft = Draft(**({"audience": Audience.CUSTOMERS, "impact": {"api": "major_outage"}} | given | fields))
    return updates.publish(incident, [draft], by=make.user(f"ada-{token}"), token=token)[0]


def text(name: str) -> str:
    return files(public_page(START))[name].content.decode()


def notice(**fields) -> MaintenanceNotice:
    given = {
        "title": {"en": "New database"},
        "text": {},
        "services": list(Service.objects.filter(key="database")),
        "starts_at": START - timedelta(minutes=5),
        "ends_at": START + timedelta(hours=1),
    }
    return status_page.announce(Planned(**(given | fields)), by=make.user("olga"), token="notice")


def test_without_anything_published_all_services_work(incident):
    page = public_page(START)
    assert [one.key for one in page.components] == ["api", "cdn", "object-storage", "cache", "database"]
    assert page.overall == Impact.OPERATIONAL
    assert set(files(page)) == NAMES
    assert "All services work" in text("index.html")
    assert incident.reference not in text("index.html")


def test_it_stands_without_a_plan():
    assert "No service is named yet." in text("index.html")


def test_what_is_published_is_told_in_both_languages(incident):
    publish(incident, conditions={"en": "Since 14:30.\nSome fail.", "zh-hans": "自 14:30 起。"})
    english, chinese = text("index.html"), text("index.zh-hans.html")
    assert "API &lt;b&gt;fails&lt;/b&gt;" in english
    assert "Since 14:30.<br>Some fail." in english
    assert "Some services do not work" in english
    assert "API 故障" in chinese
    assert '<html lang="zh-hans"' in chinese


def test_that_all_is_well_is_not_said_above_what_is_wrong(incident):
    publish(incident, impact={})
    page = text("index.html")
    assert "Something is wrong, and being worked on" in page
    assert "All services work" not in page


def test_what_was_written_in_one_language_says_so_in_the_other(incident):
    publish(incident, headline={"en": "API fails"})
    assert '<span lang="en">API fails</span>' in text("index.zh-hans.html")
    assert "only" not in text("index.html").split("<h2")[1]
    assert text("index.zh-hans.html").count('class="notice"') == 1


@pytest.mark.parametrize("audience", [Audience.RESPONDERS, Audience.MANAGERS], ids=["responders", "managers"])
def test_what_others_are_told_is_not_on_it(incident, audience):
    publish(incident, audience=audience, headline={"en": "We lost the database"})
    assert "We lost the database" not in "".join(text(name) for name in NAMES)
    assert not StatusPage.objects.exists()


def test_an_exercise_is_not_on_it():
    make.plan()
    publish(make.incident(is_practice=True))
    assert "fails" not in "".join(text(name) for name in NAMES)


def test_what_is_withdrawn_is_no_longer_on_it(incident):
    updates.withdraw(publish(incident), by=make.user("bob"), reason="Wrong")
    assert "All services work" in text("index.html")
    assert incident.reference not in text("status.json")


def test_what_is_over_stands_in_the_history(incident, clock):
    publish(incident)
    clock.move_to(START + timedelta(minutes=20), tick=False)
    publish(incident, token="two", stage=Stage.RESOLVED, headline={"en": "Over", "zh-hans": "已恢复"})
    assert "All services work" in text("index.html")
    assert f'<a href="history.html#{incident.reference}">' in text("index.html")
    assert f'id="{incident.reference}"' in text("history.html")
    assert [one.is_over for one in public_page(START).past] == [True]


def test_a_duplicate_is_not_told_of_as_something_that_goes_on(incident):
    publish(incident)
    Incident.objects.filter(pk=incident.pk).update(merged_into=make.incident())
    assert public_page(START).current == []


def test_what_is_older_than_the_bars_is_forgotten_once_it_is_over(incident, clock):
    publish(incident, stage=Stage.RESOLVED)
    assert public_page(START + timedelta(days=91)).past == []


def test_bars_are_what_health_checks_found(incident):
    api = Service.objects.get(key="api")
    (endpoint,) = used_endpoints(api)
    yesterday = (START - timedelta(days=1)).replace(minute=0)
    for at, failed, seconds in ((yesterday, 30, 3600), (START - timedelta(minutes=10), 0, 60)):
        counts = pack_counts({endpoint: Figures(100, failed)})
        ProbeRollup.objects.create(location="here", seconds=seconds, at=at, counts=counts, times=b"")
    component = public_page(START).components[0]
    assert [day.look for day in component.days[-3:]] == ["none", "bad", "well"]
    assert (component.uptime, len(component.days)) == (85.0, 90)
    assert "85.00 % of all checks were good" in text("index.html")
    assert "2026-11-21: 70.00 %" in text("index.html")


def test_maintenance_is_told_of_beforehand_and_shown_while_it_lasts(incident):
    planned = notice()
    page = public_page(START)
    assert {one.key: one.state for one in page.components}["database"] == Impact.MAINTENANCE
    assert "Some services are under maintenance" in text("index.html")
    assert '<span lang="en">New database</span>' in text("index.zh-hans.html")
    status_page.call_off(planned, by=make.user("bob"))
    assert public_page(START).maintenance == []
    with pytest.raises(Refused, match="already"):
        status_page.call_off(planned, by=make.user("eve"))


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"title": {}}, "Write a title"),
        ({"ends_at": START - timedelta(hours=1)}, "end after"),
        ({"starts_at": START - timedelta(hours=2), "ends_at": START}, "over already"),
    ],
    ids=["no title", "ends first", "over"],
)
def test_maintenance_that_makes_no_sense_is_refused(incident, fields, match):
    with pytest.raises(Refused, match=match):
        notice(**fields)


def test_programs_read_the_same_in_json(incident):
    publish(incident, next_at=START + timedelta(minutes=30))
    told = json.loads(text("status.json"))
    assert told["status"] == "major_outage"
    assert told["components"][0]["status"] == "major_outage"
    (story,) = told["incidents"]
    assert story["reference"] == incident.reference
    assert story["updates"][0]["next_update_at"] == "2026-11-22T15:00:00Z"
    assert story["updates"][0]["headline"]["zh-hans"] == "API 故障"


def test_the_feed_has_an_entry_an_update_with_a_lasting_name(incident, clock, folder):
    publish(incident)
    first = ElementTree.fromstring(text("feed.atom"))
    clock.move_to(START + timedelta(minutes=20), tick=False)
    publish(incident, token="two", stage=Stage.RESOLVED)
    feed = ElementTree.fromstring(text("feed.atom"))
    atom = "{http://www.w3.org/2005/Atom}"
    ids = [entry.findtext(f"{atom}id") for entry in feed.iter(f"{atom}entry")]
    assert len(ids) == 2
    assert [entry.findtext(f"{atom}id") for entry in first.iter(f"{atom}entry")] == ids[1:]
    assert feed.findtext(f"{atom}updated") == "2026-11-22T14:50:00Z"
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{atom}link")}
    assert links["alternate"] == "https://status.example.com/index.html"


def test_no_page_needs_a_script_or_anybody_else(incident):
    publish(incident)
    for name in NAMES - {"status.json", "status.svg", "feed.atom", "feed.zh-hans.atom"}:
        assert "<script" not in text(name)
        assert "style=" not in text(name)
        assert "http://" not in text(name).replace("http://www.w3.org", "")


# --- Pushing --------------------------------------------------------------------------------------------------------
def test_a_change_is_pushed_and_what_is_there_is_not_written_again(incident, folder, clock):
    publish(incident)
    assert status_push.push_due() == 1
    assert {path.name for path in folder.iterdir()} == NAMES
    assert "fails" in (folder / "index.html").read_text()
    (place,) = stores()
    assert (place.state, place.pushed_at) == ("ok", START)
    assert status_push.push_due() == 0
    style = (folder / "status.css").stat().st_mtime_ns
    clock.move_to(START + timedelta(minutes=6), tick=False)
    assert status_push.push_due() == 1
    assert "14:36 UTC" in (folder / "index.html").read_text()
    assert (folder / "status.css").stat().st_mtime_ns == style


def test_a_change_during_a_push_is_pushed_next(incident, folder, monkeypatch):
    publish(incident)
    real = status_push._folder()

    def put(name, file):
        if name == "index.html":
            status_page.changed()
        real(name, file)

    monkeypatch.setattr(status_push, "_folder", lambda: put)
    status_push.push_due()
    monkeypatch.undo()
    assert status_push.is_due("folder", START)


def test_only_one_pushes_at_a_time_and_a_dead_one_is_followed(incident, folder, clock):
    publish(incident)
    assert status_push._claimed("folder") is not None
    assert status_push.push_due() == 0
    assert not status_push.push("folder")
    clock.move_to(START + status_push.LEASE + timedelta(seconds=1), tick=False)
    assert status_push.push_due() == 1


def test_one_that_was_frozen_writes_nothing_over_what_is_newer(incident, folder):
    publish(incident)
    frozen = status_push._claimed("folder")
    StatusStore.objects.update(lease_until=None)
    status_push.push("folder")
    newer = (folder / "index.html").read_bytes()
    status_push._written(frozen, {"index.html": status_push.File(b"old", "text/html")})
    status_push._done(frozen, 99, {})
    assert (folder / "index.html").read_bytes() == newer
    assert StatusStore.objects.get().pushed != 99


def test_a_failure_is_tried_again_shown_and_told_once_it_lasts(incident, folder, clock):
    publish(incident)
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file stands in the way")
    status_push.push_due()
    (place,) = stores()
    assert (place.state, place.is_failing) == ("failed", True)
    assert "write the public status page" in place.error
    assert status_push.push_due() == 0  # not before its pause is over
    clock.move_to(START + timedelta(seconds=61), tick=False)
    status_push.push_due()
    assert Delivery.objects.filter(subject__contains="status page cannot be pushed").count() == 1
    folder.unlink()
    clock.move_to(START + timedelta(seconds=70), tick=False)
    assert status_push.push_due() == 1
    assert stores()[0].state == "ok"
    assert Delivery.objects.filter(subject__contains="up to date again").count() == 1


def test_the_sandbox_is_asked_for_nothing_before_there_is_anything(settings):
    settings.DR_STATUS_PAGE = StatusPlaces(vendor="s3", bucket="gemini-status")
    assert not status_push.is_due("s3", START)
    settings.DR_MODE = "live"
    assert status_push.is_due("s3", START)


def test_announced_work_begins_and_ends_on_the_page_in_time(incident, folder, clock):
    notice(starts_at=START + timedelta(minutes=1), ends_at=START + timedelta(minutes=2))
    status_push.push_due()
    for minutes, overall in ((1, "under maintenance"), (2, "All services work")):
        assert not status_push.is_due("folder", START + timedelta(minutes=minutes, seconds=-1))
        clock.move_to(START + timedelta(minutes=minutes), tick=False)
        assert status_push.push_due() == 1
        assert overall in (folder / "index.html").read_text()


def test_it_stands_at_another_vendor(incident, sandbox, settings, clock):
    settings.DR_VENDOR_URLS = sandbox.vendor_urls()
    settings.DR_STATUS_PAGE = StatusPlaces(vendor="s3", bucket="gemini-status", prefix="page/")
    clock.move_to(datetime.now(tz=UTC), tick=True)
    publish(incident)
    assert status_push.push_due() == 1
    assert stores()[0].error == ""
    bucket = registry.bucket("s3", "gemini-status")
    with bucket.open("page/index.html", deadline=Deadline.after(20)) as body:
        assert b"fails" in b"".join(body)
        assert body.stored.content_type == "text/html; charset=utf-8"


def test_a_bucket_that_is_not_there_is_said(incident, sandbox, settings, clock):
    settings.DR_VENDOR_URLS = sandbox.vendor_urls()
    settings.DR_STATUS_PAGE = StatusPlaces(vendor="s3", bucket="nowhere-at-all")
    clock.move_to(datetime.now(tz=UTC), tick=True)
    publish(incident)
    status_push.push_due()
    (place,) = stores()
    assert place.is_failing
    assert "NoSuchBucket" in place.error


def test_a_person_may_have_all_of_it_pushed_again(incident, folder):
    publish(incident)
    status_push.push_due()
    (folder / "status.css").unlink()
    status_page.push_now(by=make.user("bob"))
    assert status_push.push_due() == 1
    assert (folder / "status.css").exists()
    assert AuditEntry.objects.filter(action="status_page.pushed").exists()


def test_the_page_asks_a_bounded_number_of_times(incident, django_assert_max_num_queries):
    for number in range(3):
        publish(make.incident(), token=f"more-{number}")
    with django_assert_max_num_queries(14):
        files(public_page(START))
