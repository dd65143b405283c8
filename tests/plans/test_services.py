"""Every change of the plan makes one numbered version, all of it or nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from threading import Barrier

import pytest
from django.db import connection

from dr_console.audit.models import AuditEntry
from dr_console.errors import Refused
from dr_console.live.models import Event
from dr_console.plans import reader, rows, services
from dr_console.plans.models import PlanVersion
from dr_console.plans.problems import PlanError
from incidents.models import About, Contact, Vendor
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return make.user("ada", role="administrator")


def entry(section: str, key: str) -> dict:
    return next(one for one in services.export()[section] if one["key"] == key)


# --- Loading ----------------------------------------------------------------------------------------
def test_loading_makes_a_version_that_holds_the_whole_plan(ada):
    version = services.load(make.builtin_plan(), by=ada, source="ours.yaml", note="Ours")
    version.refresh_from_db()
    assert (version.number, version.by, version.source, version.note) == (1, ada, "ours.yaml", "Ours")
    assert version.content == services.export() == make.builtin_plan().content()
    assert version.sha256 == services.checksum(version.content)
    assert services.current_version() == version


def test_an_equal_plan_makes_a_version_too():
    first, second = make.plan(), make.plan()
    assert (first.number, second.number) == (1, 2)
    assert first.sha256 == second.sha256
    assert services.changes_of(second) == []


def test_loading_is_written_in_the_audit_log_and_told_to_open_pages(ada):
    make.plan()
    content = deepcopy(make.builtin_plan().content())
    content["objectives"]["rto_minutes"] = 10
    services.load(reader.validate(content), by=ada, source="ours.yaml", note="Faster")
    line = AuditEntry.objects.first()
    assert (line.action, line.actor, line.target) == ("plan.loaded", ada, "plan v2")
    assert line.before == {"version": 1, "objectives → rto_minutes": 15}
    assert line.after == {
        "version": 2,
        "source": "ours.yaml",
        "note": "Faster",
        "changes": 1,
        "objectives → rto_minutes": 10,
    }
    assert Event.objects.filter(topic__name="console", name="plan").count() == 2


def test_when_anything_goes_wrong_nothing_has_happened(monkeypatch):
    make.plan()
    before = services.export()
    content = deepcopy(before)
    content["contacts"][0]["name"] = "Somebody"
    monkeypatch.setattr(services, "nudge", lambda topic, name: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        services.load(reader.validate(content), by=None, source="ours.yaml")
    assert services.export() == before
    assert PlanVersion.objects.count() == AuditEntry.objects.filter(action="plan.loaded").count() == 1


@pytest.mark.django_db(transaction=True)
def test_numbers_have_no_gap_when_many_load_at_once():
    together = Barrier(6)

    def load(number: int) -> int:
        together.wait()
        try:
            return services.load(make.builtin_plan(), by=None, source=f"{number}.yaml").number
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        numbers = list(threads.map(load, range(6)))
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]
    assert services.export() == make.builtin_plan().content()


@pytest.mark.django_db(transaction=True)
def test_edits_of_two_people_at_once_are_both_kept():
    base = make.plan().number
    people = [make.user("ada"), make.user("bob")]
    together = Barrier(2)

    def edit(who, key: str) -> None:
        together.wait()
        try:
            services.edit_entry("contacts", key, entry("contacts", key) | {"name": key}, base_version=base, by=who)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(edit, people, ["cto", "technical-lead"]))
    assert [Contact.objects.get(key=key).name for key in ("cto", "technical-lead")] == ["cto", "technical-lead"]
    assert list(PlanVersion.objects.values_list("number", flat=True)) == [3, 2, 1]


# --- Editing ----------------------------------------------------------------------------------------
def test_one_entry_is_changed_and_the_note_says_which(ada):
    base = make.plan().number
    version = services.edit_entry(
        "contacts", "cto", entry("contacts", "cto") | {"name": "Wei"}, base_version=base, by=ada
    )
    assert (version.number, version.source, version.note) == (2, "browser", "Changed contact cto")
    assert Contact.objects.get(key="cto").name == "Wei"
    line = AuditEntry.objects.first()
    assert (line.action, line.target) == ("plan.changed", "contact cto")
    assert line.before["contacts → cto → name"] == "CTO"
    assert line.after["contacts → cto → name"] == "Wei"


def test_pressing_save_without_a_change_makes_no_version(ada):
    version = make.plan()
    same = services.edit_entry("contacts", "cto", entry("contacts", "cto"), base_version=version.number, by=ada)
    assert same == version
    assert PlanVersion.objects.count() == 1


def test_an_entry_that_somebody_else_changed_meanwhile_is_refused(ada):
    base = make.plan().number
    mine = entry("contacts", "cto") | {"name": "Mine"}
    services.edit_entry("contacts", "cto", entry("contacts", "cto") | {"name": "Theirs"}, base_version=base, by=ada)
    with pytest.raises(Refused, match="Somebody has changed contact “cto” since you opened it"):
        services.edit_entry("contacts", "cto", mine, base_version=base, by=ada)
    assert Contact.objects.get(key="cto").name == "Theirs"


def test_an_entry_beside_one_that_somebody_else_changed_is_saved(ada):
    base = make.plan().number
    services.edit_entry("contacts", "cto", entry("contacts", "cto") | {"name": "Wei"}, base_version=base, by=ada)
    lead = entry("contacts", "technical-lead") | {"name": "Ming"}
    services.edit_entry("contacts", "technical-lead", lead, base_version=base, by=ada)
    assert [Contact.objects.get(key=key).name for key in ("cto", "technical-lead")] == ["Wei", "Ming"]


def test_an_entry_that_is_gone_is_refused(ada):
    base = make.plan().number
    vercel = entry("vendors", "vercel")
    services.remove_entry("vendors", "vercel", base_version=base, by=ada)
    with pytest.raises(Refused, match="The plan has no vendor “vercel” any more"):
        services.edit_entry("vendors", "vercel", vercel, base_version=base, by=ada)


def test_problems_are_named_by_the_fields_of_a_form(ada):
    base = make.plan().number
    wrong = deepcopy(entry("contacts", "cto"))
    wrong["channels"][1]["address"] = "nowhere"
    wrong["time_zone"] = "Asia/Peking"
    with pytest.raises(PlanError) as caught:
        services.edit_entry("contacts", "cto", wrong, base_version=base, by=ada)
    fields = caught.value.within("contacts", "cto")
    assert set(fields) == {("channels", 1, "address"), ("time_zone",)}
    assert fields["time_zone",][0].found == "“Asia/Peking”"
    assert caught.value.elsewhere("contacts", "cto") == []
    assert PlanVersion.objects.count() == 1


def test_the_key_of_an_entry_stays(ada):
    base = make.plan().number
    with pytest.raises(PlanError) as caught:
        services.edit_entry("contacts", "cto", entry("contacts", "cto") | {"key": "boss"}, base_version=base, by=ada)
    assert [problem.path for problem in caught.value.problems] == [("contacts", "cto", "key")]


def test_what_others_refer_to_cannot_be_removed(ada):
    base = make.plan().number
    with pytest.raises(PlanError) as caught:
        services.remove_entry("contacts", "cto", base_version=base, by=ada)
    assert {problem.path[0] for problem in caught.value.problems} == {"escalation_policies", "status_updates"}
    assert Contact.objects.current().filter(key="cto").exists()


def test_an_entry_is_added_at_the_end_and_removed_again(ada):
    make.plan()
    fastly = {"key": "fastly", "name": "Fastly"}
    added = services.add_entry("vendors", fastly, by=ada)
    assert added.note == "Added vendor fastly"
    assert list(Vendor.objects.current().values_list("key", flat=True)) == ["vercel", "cloudflare", "aws", "fastly"]
    removed = services.remove_entry("vendors", "fastly", base_version=added.number, by=ada)
    assert (removed.number, removed.note) == (3, "Removed vendor fastly")
    assert not Vendor.objects.current().filter(key="fastly").exists()
    assert removed.sha256 == PlanVersion.objects.get(number=1).sha256


@pytest.mark.parametrize("new", [{"key": "aws", "name": "AWS"}, {"key": "", "name": "x"}, {"name": "x"}])
def test_an_entry_needs_a_key_of_its_own(ada, new):
    make.plan()
    with pytest.raises(PlanError) as caught:
        services.add_entry("vendors", new, by=ada)
    assert [problem.path[-1] for problem in caught.value.problems] == ["key"]
    assert caught.value.problems[0].path[:2] == ("vendors", new.get("key", 3))


def test_an_entry_moves_up_and_down_and_not_beyond_the_ends(ada):
    make.plan()
    services.move_entry("vendors", "aws", up=True, by=ada)
    version = services.move_entry("vendors", "vercel", up=False, by=ada)
    assert version.note == "Moved vendor vercel"
    assert list(Vendor.objects.current().values_list("key", flat=True)) == ["aws", "vercel", "cloudflare"]
    with pytest.raises(Refused, match="“aws” is already the first"):
        services.move_entry("vendors", "aws", up=True, by=ada)
    with pytest.raises(Refused, match="“cloudflare” is already the last"):
        services.move_entry("vendors", "cloudflare", up=False, by=ada)


def test_a_section_of_one_entry_is_changed(ada):
    base = make.plan().number
    about = services.export()["about"] | {"owner": "Platform team"}
    version = services.edit_single("about", about, base_version=base, by=ada)
    assert version.note == "Changed plan"
    assert About.objects.get().owner == "Platform team"
    with pytest.raises(Refused, match="Somebody has changed"):
        services.edit_single("about", about | {"owner": "Mine"}, base_version=base, by=ada)
    with pytest.raises(PlanError) as caught:
        services.edit_single("about", about | {"owner": ""}, base_version=version.number, by=ada)
    assert set(caught.value.within("about")) == {("owner", "en"), ("owner", "zh-hans")}


def test_changes_of_a_version_are_against_the_one_before(ada):
    first = make.plan()
    version = services.move_entry("vendors", "aws", up=True, by=ada)
    assert [change.field for change in services.changes_of(version)] == ["order"]
    assert {change.kind for change in services.changes_of(first)} == {"added"}


def test_without_a_plan_there_is_no_current_version():
    assert services.current_version() is None
    assert rows.content()["contacts"] == []
