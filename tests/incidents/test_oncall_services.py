"""Change who is on call: overrides, taking it, swaps, absences; who may, who is told, and who comes too late."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import translation
from django.utils.timezone import now

from dr_console.audit.models import AuditEntry
from dr_console.errors import Refused
from dr_console.live.models import Event
from dr_console.notifications.models import Delivery
from incidents.models import Absence, Contact, Override, Rotation, Swap
from incidents.queries import oncall as asked
from incidents.services import oncall
from tests import make
from tests.incidents.layering import utc

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TUESDAY, WEDNESDAY = utc("2026-11-24 00:00"), utc("2026-11-25 00:00")


def person(key: str, position: int, **fields) -> Contact:
    known = {"name_en": key.title(), "name_zh_hans": key.title(), "kind": "person", "language": "en"}
    known |= {"time_zone": "Europe/Berlin"}
    contact = Contact.objects.create(key=key, position=position, **known | fields)
    contact.channels.create(kind="email", address=f"{key}@example.com", position=0)
    return contact


@pytest.fixture(autouse=True)
def primary(time_machine) -> Rotation:
    """Weekly from this Monday, 09:00 UTC on, ada's turn first."""
    time_machine.move_to("2026-11-23 12:00:00 +0000", tick=False)
    return Rotation.objects.create(
        key="primary",
        position=0,
        name_en="Primary",
        name_zh_hans="主值班",
        time_zone="UTC",
        period="weekly",
        hand_over_at="09:00",
        starts_on=date(2026, 11, 23),
        participants=["ada", "bob", "cai"],
    )


@pytest.fixture(autouse=True)
def people() -> dict[str, Contact]:
    contacts = {key: person(key, position) for position, key in enumerate(("ada", "bob"))}
    return contacts | {"cai": person("cai", 2, language="zh-hans", time_zone="Asia/Shanghai")}


@pytest.fixture
def lead():
    """May change on-call, and is nobody's contact."""
    return make.user("lead", role="commander")


@pytest.fixture
def ada():
    return make.user("ada", role="responder")


@pytest.fixture
def bob():
    return make.user("bob", role="responder")


@pytest.fixture
def offered(primary, people, ada) -> Swap:
    return oncall.offer_swap(
        primary, from_contact=people["ada"], to_contact=people["bob"], starts_at=TUESDAY, ends_at=WEDNESDAY, by=ada
    )


def on_call(text: str) -> str:
    return "".join(asked.on_call("primary", utc(text)))


def told(key: str) -> list[str]:
    found = Delivery.objects.filter(address=f"{key}@example.com").order_by("pk")
    return [one.subject.removeprefix("[SANDBOX] ") for one in found]


def actions() -> list[str]:
    return list(AuditEntry.objects.filter(action__startswith="oncall.").order_by("pk").values_list("action", flat=True))


# --- Overrides ----------------------------------------------------------------------------------------------------
def test_an_override_is_kept_audited_and_told_to_both(primary, people, lead):
    made = oncall.override(primary, people["bob"], starts_at=TUESDAY, ends_at=WEDNESDAY, reason="Ada moves", by=lead)
    assert (on_call("2026-11-24 12:00"), on_call("2026-11-25 12:00")) == ("bob", "ada")
    assert (made.made_by, made.reason, actions()) == (lead, "Ada moves", ["oncall.override"])
    assert told("bob") == ["You are on call from 2026-11-24 01:00 Europe/Berlin: Primary"]
    assert told("ada") == ["You are relieved from 2026-11-24 01:00 Europe/Berlin: Primary"]
    assert told("cai") == []
    letter = Delivery.objects.filter(address="bob@example.com").get()
    facts = dict(letter.payload["facts"])
    assert facts["On call: Primary"] == "2026-11-24 01:00 Europe/Berlin – 2026-11-25 01:00 Europe/Berlin"
    assert (facts["By"], facts["Reason"], letter.person) == ("lead", "Ada moves", "bob")
    assert letter.payload["url"].endswith("/on-call/")


def test_everybody_is_told_in_their_own_language_and_zone(primary, people, lead):
    oncall.override(primary, people["cai"], starts_at=TUESDAY, ends_at=WEDNESDAY, by=lead)
    (subject,) = told("cai")
    with translation.override("zh-hans"):
        words = translation.gettext("You are on call from %(start)s: %(rotation)s")
    assert subject.endswith(words % {"start": "2026-11-24 08:00 Asia/Shanghai", "rotation": "主值班"})


def test_open_pages_hear_of_it(primary, people, lead):
    oncall.override(primary, people["bob"], starts_at=TUESDAY, ends_at=WEDNESDAY, by=lead)
    assert Event.objects.filter(topic__name="console", name="oncall").count() == 1


def test_taking_it_relieves_whoever_it_is_now(primary, people, bob):
    oncall.take_now(primary, people["bob"], until=now() + 2 * HOUR, by=bob)
    assert [on_call(f"2026-11-23 {clock}") for clock in ("11:59", "12:00", "14:00")] == ["ada", "bob", "ada"]
    assert told("bob") == []  # did it
    assert told("ada") == ["You are relieved from 2026-11-23 13:00 Europe/Berlin: Primary"]


def test_what_began_in_the_past_begins_now(primary, people, lead):
    made = oncall.override(primary, people["bob"], starts_at=now() - DAY, ends_at=now() + DAY, by=lead)
    assert made.starts_at == now()
    assert on_call("2026-11-23 11:00") == "ada"


def test_who_is_on_call_anyway_is_not_put_on_call_twice(primary, people, lead):
    with pytest.raises(Refused, match="Ada is on call then already"):
        oncall.override(primary, people["ada"], starts_at=TUESDAY, ends_at=WEDNESDAY, by=lead)
    assert not Override.objects.exists()


def test_pressed_twice_it_is_one(primary, people, bob):
    oncall.take_now(primary, people["bob"], until=WEDNESDAY, by=bob)
    with pytest.raises(Refused):
        oncall.take_now(primary, people["bob"], until=WEDNESDAY, by=bob)
    assert Override.objects.count() == 1


@pytest.mark.parametrize(
    ("start", "length", "why"),
    [
        (DAY, timedelta(), "end after it begins"),
        (DAY, -HOUR, "end after it begins"),
        (-2 * DAY, DAY, "not in the past"),
        (DAY, 93 * DAY, "At most 92 days"),
        (800 * DAY, DAY, "within two years"),
    ],
)
def test_times_that_make_no_sense_are_refused(primary, people, lead, start, length, why):
    with pytest.raises(Refused, match=why):
        oncall.override(primary, people["bob"], starts_at=now() + start, ends_at=now() + start + length, by=lead)


def test_who_left_the_plan_is_not_put_on_call(primary, people, lead):
    Contact.objects.filter(key="bob").update(retired_at=now())
    with pytest.raises(Refused, match="“Bob” is no longer in the plan"):
        oncall.override(primary, Contact.objects.get(key="bob"), starts_at=TUESDAY, ends_at=WEDNESDAY, by=lead)


def test_an_override_that_has_begun_ends_now_and_the_past_stays(primary, people, lead, time_machine):
    made = oncall.override(primary, people["bob"], starts_at=now(), ends_at=WEDNESDAY, by=lead)
    time_machine.move_to("2026-11-23 18:00:00 +0000", tick=False)
    oncall.end_override(made, by=lead)
    assert [on_call(f"2026-11-23 {clock}") for clock in ("17:59", "18:00")] == ["bob", "ada"]
    assert told("ada")[-1] == "You are on call from 2026-11-23 19:00 Europe/Berlin: Primary"
    assert told("bob")[-1] == "You are relieved from 2026-11-23 19:00 Europe/Berlin: Primary"
    with pytest.raises(Refused, match="over already"):
        oncall.end_override(made, by=lead)


def test_an_override_that_has_not_begun_never_does(primary, people, lead):
    made = oncall.override(primary, people["bob"], starts_at=TUESDAY, ends_at=WEDNESDAY, by=lead)
    oncall.end_override(made, by=lead)
    assert on_call("2026-11-24 12:00") == "ada"
    with pytest.raises(Refused, match="over already"):
        oncall.end_override(made, by=lead)
    assert actions() == ["oncall.override", "oncall.override_ended"]


# --- Who may ------------------------------------------------------------------------------------------------------
def test_whoever_covers_on_call_does_it_for_themselves_alone(primary, people, bob):
    with pytest.raises(Refused, match="for yourself alone"):
        oncall.take_now(primary, people["cai"], until=WEDNESDAY, by=bob)
    with pytest.raises(Refused, match="for yourself alone"):
        oncall.add_absence(people["ada"], starts_at=TUESDAY, ends_at=WEDNESDAY, by=bob)
    oncall.take_now(primary, people["bob"], until=WEDNESDAY, by=bob)


def test_without_the_permission_not_even_for_oneself(primary, people):
    viewer = make.user("bob", role="viewer")
    with pytest.raises(Refused):
        oncall.take_now(primary, people["bob"], until=WEDNESDAY, by=viewer)
    assert not oncall.may_act_for(viewer, "bob")


def test_only_who_is_asked_accepts_or_declines_and_only_who_offered_withdraws(offered, ada, bob):
    for act, by in ((oncall.accept_swap, ada), (oncall.decline_swap, ada), (oncall.withdraw_swap, bob)):
        with pytest.raises(Refused, match="for yourself alone"):
            act(offered, by=by)
    oncall.accept_swap(offered, by=bob)


# --- Swaps --------------------------------------------------------------------------------------------------------
def test_an_offer_changes_nothing_and_asks_the_other(offered):
    assert on_call("2026-11-24 12:00") == "ada"
    assert told("bob") == ["Ada asks you to stand in: Primary"]
    letter = Delivery.objects.get(address="bob@example.com")
    assert letter.payload["url"].endswith(f"/on-call/swaps/{offered.pk}/")
    facts = dict(letter.payload["facts"])
    assert facts["Time"] == "2026-11-24 01:00 Europe/Berlin – 2026-11-25 01:00 Europe/Berlin"


def test_accepted_it_counts_and_the_first_is_told(offered, bob):
    oncall.accept_swap(offered, by=bob)
    assert (on_call("2026-11-24 12:00"), on_call("2026-11-25 12:00")) == ("bob", "ada")
    assert (offered.state, offered.answered_by) == ("accepted", bob)
    assert told("ada") == ["You are relieved from 2026-11-24 01:00 Europe/Berlin: Primary"]
    assert actions() == ["oncall.swap_offered", "oncall.swap_accepted"]


def test_what_is_given_in_return_changes_hands_too(primary, people, ada, bob):
    back = (utc("2026-12-01 00:00"), utc("2026-12-02 00:00"))
    offer = {"from_contact": people["ada"], "to_contact": people["bob"], "starts_at": TUESDAY, "ends_at": WEDNESDAY}
    swap = oncall.offer_swap(primary, **offer, in_return=back, by=ada)
    facts = dict(Delivery.objects.get(address="bob@example.com").payload["facts"])
    assert facts["In return"].startswith("2026-12-01 01:00")
    oncall.accept_swap(swap, by=bob)
    assert (on_call("2026-11-24 12:00"), on_call("2026-12-01 12:00")) == ("bob", "ada")
    assert told("ada") == ["You are on call from 2026-12-01 01:00 Europe/Berlin: Primary"]


def test_declined_the_first_stays_on_call_and_is_told_why(offered, bob):
    oncall.decline_swap(offered, reason="At a wedding", by=bob)
    assert on_call("2026-11-24 12:00") == "ada"
    assert told("ada") == ["Bob cannot stand in, you stay on call: Primary"]
    assert dict(Delivery.objects.get(address="ada@example.com").payload["facts"])["Reason"] == "At a wedding"


def test_withdrawn_the_other_need_not_answer(offered, ada, bob):
    oncall.withdraw_swap(offered, by=ada)
    assert told("bob")[-1] == "Ada no longer asks you to stand in: Primary"
    with pytest.raises(Refused, match="Withdrawn"):
        oncall.accept_swap(offered, by=bob)


def test_offered_twice_it_is_one_offer(offered, primary, people, ada):
    offer = {"from_contact": people["ada"], "to_contact": people["bob"], "starts_at": TUESDAY, "ends_at": WEDNESDAY}
    assert oncall.offer_swap(primary, **offer, by=ada) == offered
    assert told("bob") == ["Ada asks you to stand in: Primary"]


def test_accepted_in_the_middle_of_its_time_the_past_stays(offered, bob, time_machine):
    time_machine.move_to("2026-11-24 12:00:00 +0000", tick=False)
    oncall.accept_swap(offered, by=bob)
    assert [on_call(f"2026-11-24 {clock}") for clock in ("11:59", "12:00")] == ["ada", "bob"]


def test_it_cannot_be_accepted_when_its_time_is_past(offered, bob, time_machine):
    time_machine.move_to("2026-11-26 12:00:00 +0000", tick=False)
    with pytest.raises(Refused, match="past"):
        oncall.accept_swap(offered, by=bob)


@pytest.mark.parametrize(
    ("who", "to", "back", "why"),
    [
        ("ada", "ada", None, "themselves"),
        ("cai", "bob", None, "Cai is not on call in “Primary” then"),
        ("ada", "bob", (utc("2026-11-26 00:00"), utc("2026-11-27 00:00")), "Bob is not on call"),
        ("ada", "ada", (TUESDAY, WEDNESDAY), "themselves"),
    ],
    ids=["oneself", "not theirs", "not theirs in return", "oneself in return"],
)
def test_offers_that_make_no_sense_are_refused(primary, people, lead, who, to, back, why):
    offer = {"from_contact": people[who], "to_contact": people[to], "starts_at": TUESDAY, "ends_at": WEDNESDAY}
    with pytest.raises(Refused, match=why):
        oncall.offer_swap(primary, **offer, in_return=back, by=lead)


def test_what_is_given_in_return_is_at_another_time(primary, people, lead):
    week = {"starts_at": TUESDAY, "ends_at": utc("2026-12-03 00:00")}
    back = (utc("2026-12-01 00:00"), utc("2026-12-02 00:00"))
    with pytest.raises(Refused, match="another time"):
        oncall.offer_swap(
            primary, from_contact=people["ada"], to_contact=people["bob"], **week, in_return=back, by=lead
        )


# --- Absences -----------------------------------------------------------------------------------------------------
def test_an_absence_passes_it_to_the_next_who_is_told_without_the_reason(people, ada):
    made = oncall.add_absence(people["ada"], starts_at=TUESDAY, ends_at=WEDNESDAY, reason="Surgery", by=ada)
    assert (made.reason, on_call("2026-11-24 12:00")) == ("Surgery", "bob")
    assert told("bob") == ["You are on call from 2026-11-24 01:00 Europe/Berlin: Primary"]
    letter = Delivery.objects.get(address="bob@example.com")
    assert "Ada is away." in letter.body
    assert "Surgery" not in f"{letter.body} {letter.payload}"
    assert told("ada") == []


def test_an_absence_that_is_nobodys_turn_tells_nobody(people, lead):
    oncall.add_absence(people["cai"], starts_at=TUESDAY, ends_at=WEDNESDAY, by=lead)
    assert not Delivery.objects.exists()
    assert actions() == ["oncall.absence"]


def test_the_same_absence_twice_is_refused(people, ada):
    oncall.add_absence(people["ada"], starts_at=TUESDAY, ends_at=WEDNESDAY, by=ada)
    with pytest.raises(Refused, match="away then already"):
        oncall.add_absence(people["ada"], starts_at=TUESDAY + HOUR, ends_at=WEDNESDAY, by=ada)
    assert Absence.objects.count() == 1


def test_who_took_it_and_falls_ill_is_not_on_call(primary, people, bob, time_machine):
    oncall.override(primary, people["bob"], starts_at=TUESDAY, ends_at=WEDNESDAY, by=bob)
    time_machine.shift(60)
    oncall.add_absence(people["bob"], starts_at=TUESDAY, ends_at=WEDNESDAY, by=bob)
    assert on_call("2026-11-24 12:00") == "ada"
    assert told("ada")[-1] == "You are on call from 2026-11-24 01:00 Europe/Berlin: Primary"


def test_back_sooner_than_thought(people, ada, time_machine):
    absence = oncall.add_absence(people["ada"], starts_at=now(), ends_at=WEDNESDAY, by=ada)
    time_machine.move_to("2026-11-23 20:00:00 +0000", tick=False)
    oncall.end_absence(absence, by=ada)
    assert [on_call(f"2026-11-23 {clock}") for clock in ("19:59", "20:00")] == ["bob", "ada"]
    assert told("bob")[-1] == "You are relieved from 2026-11-23 21:00 Europe/Berlin: Primary"
    with pytest.raises(Refused, match="over already"):
        oncall.end_absence(absence, by=ada)


def test_a_year_away_tells_the_first_times_and_how_many_more(people, lead):
    Rotation.objects.update(period="daily")
    oncall.add_absence(people["ada"], starts_at=TUESDAY, ends_at=TUESDAY + 360 * DAY, by=lead)
    facts = dict(Delivery.objects.get(address="bob@example.com").payload["facts"])
    assert int(facts["Further times"]) > 20


# --- How they are told --------------------------------------------------------------------------------------------
def test_who_has_a_telephone_alone_is_called_when_it_begins_soon(primary, people, lead):
    people["bob"].channels.all().delete()
    people["bob"].channels.create(kind="phone", address="+1-202-555-0177", position=0)
    oncall.take_now(primary, people["bob"], until=WEDNESDAY, by=lead)
    assert Delivery.objects.get(recipient="Bob").channel == "phone"


def test_nobody_is_called_to_hear_that_they_are_relieved(primary, people, lead):
    people["ada"].channels.all().delete()
    people["ada"].channels.create(kind="phone", address="+1-202-555-0177", position=0)
    oncall.take_now(primary, people["bob"], until=WEDNESDAY, by=lead)
    assert not Delivery.objects.filter(channel="phone").exists()
    assert "Ada: You are relieved" in Delivery.objects.get(channel="slack").subject


def test_who_has_no_address_is_named_in_the_shared_channel(primary, people, lead):
    people["bob"].channels.all().delete()
    oncall.override(primary, people["bob"], starts_at=TUESDAY, ends_at=WEDNESDAY, by=lead)
    (shared,) = Delivery.objects.filter(channel="slack", address="")
    assert "Bob: You are on call" in shared.subject


def test_in_live_mode_nobody_writes_to_placeholders(primary, people, lead, settings):
    settings.DR_MODE = "live"
    oncall.override(primary, people["bob"], starts_at=TUESDAY, ends_at=WEDNESDAY, by=lead)
    assert not Delivery.objects.filter(channel="email").exists()


# --- Two at once --------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_of_two_who_answer_at_once_one_does(offered, ada, bob, time_machine):
    together = Barrier(2, timeout=10)

    def answer(act, by) -> str:
        try:
            together.wait()
            act(Swap.objects.get(pk=offered.pk), by=by)
            return ""
        except Refused as refused:
            return str(refused)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        said = [pool.submit(answer, oncall.accept_swap, bob), pool.submit(answer, oncall.withdraw_swap, ada)]
        refusals = [one.result(timeout=30) for one in said]
    offered.refresh_from_db()
    assert sorted(map(bool, refusals)) == [False, True]
    assert (offered.state == "accepted") is not bool(refusals[0])
    assert (on_call("2026-11-24 12:00") == "bob") is (offered.state == "accepted")
