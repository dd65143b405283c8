"""Trying whether somebody is reached at an address, and writing the answer down."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from dr_console.errors import Refused
from dr_console.live.models import Event
from dr_console.notifications.models import Delivery
from dr_console.notifications.purposes import Answer, Wish
from dr_console.notifications.services import answer
from incidents.models import ChannelTest, Contact, Vendor
from incidents.queries.channel_tests import Standing, proofs, untested_contacts
from incidents.queries.readiness import findings
from incidents.services import channel_tests
from tests import make

pytestmark = pytest.mark.django_db

State = ChannelTest.State


@pytest.fixture
def wei() -> Contact:
    made = Contact.objects.create(key="wei", position=0, name="Wei", kind="person", language="en", time_zone="UTC")
    made.channels.create(kind="phone", address="+86 10 6552 9988", position=0)
    made.channels.create(kind="email", address="wei@company.cn", position=1)
    return made


@pytest.fixture
def ada():
    return make.user("ada", role="commander")


def channel(contact, kind="email"):
    return contact.channels.get(kind=kind)


def standing(contact, kind="email") -> Standing:
    return next(one.standing for one in proofs([contact])[contact.whom] if one.channel.kind == kind)


def answered(test, *, by="Wei", via="link", wish=Wish.ACKNOWLEDGE):
    return answer(test.delivery, Answer(wish, by=by, via=via, as_of=now()))


def test_a_test_is_a_message_that_asks_for_an_answer_in_their_language(wei, ada):
    wei.language = "zh-hans"
    test = channel_tests.send(wei, channel(wei), by=ada)
    sent = test.delivery
    assert (sent.channel, sent.address, sent.language) == ("email", "wei@company.cn", "zh-hans")
    assert (sent.purpose, sent.person, sent.alternatives) == ("test", "contact:wei", [])
    assert sent.payload["url"].endswith("/contacts/wei/")
    assert (test.state, test.by) == (State.WAITING, ada)


def test_an_address_is_proven_once_somebody_has_answered(wei, ada):
    assert standing(wei) is Standing.NEVER
    test = channel_tests.send(wei, channel(wei), by=ada)
    assert standing(wei) is Standing.NEVER
    assert answered(test).is_done
    test.refresh_from_db()
    assert (test.state, test.answered_by, test.answered_via) == (State.ANSWERED, "Wei", "link")
    assert standing(wei) is Standing.PROVEN
    assert standing(wei, "phone") is Standing.NEVER


def test_pressing_the_other_button_proves_as_much(wei, ada):
    test = channel_tests.send(wei, channel(wei, "phone"), by=ada)
    assert answered(test, wish=Wish.ESCALATE, via="phone").is_done
    assert standing(wei, "phone") is Standing.PROVEN


def test_answering_twice_is_harmless_and_the_first_stays(wei, ada):
    test = channel_tests.send(wei, channel(wei), by=ada)
    answered(test, by="Wei")
    assert answered(test, by="Somebody else").is_done
    test.refresh_from_db()
    assert test.answered_by == "Wei"


def test_another_address_is_untested(wei, ada):
    answered(channel_tests.send(wei, channel(wei), by=ada))
    wei.channels.filter(kind="email").update(address="new@company.cn")
    assert standing(wei) is Standing.NEVER


def test_a_proof_grows_old(wei, ada, settings, time_machine):
    answered(channel_tests.send(wei, channel(wei), by=ada))
    time_machine.move_to(now() + timedelta(days=settings.DR_CHANNEL_TEST_DAYS - 1))
    assert standing(wei) is Standing.PROVEN
    time_machine.move_to(now() + timedelta(days=2))
    assert standing(wei) is Standing.OLD


@pytest.mark.parametrize("state", [Delivery.State.FAILED, Delivery.State.CANCELLED])
def test_one_that_did_not_arrive_undoes_an_older_proof(wei, ada, time_machine, state):
    answered(channel_tests.send(wei, channel(wei), by=ada))
    time_machine.move_to(now() + timedelta(minutes=5))
    test = channel_tests.send(wei, channel(wei), by=ada)
    Delivery.objects.filter(pk=test.delivery_id).update(state=state)
    channel_tests.changed(Delivery.objects.get(pk=test.delivery_id))
    assert standing(wei) is Standing.FAILED


def test_one_that_is_sent_once_more_waits_again(wei, ada):
    test = channel_tests.send(wei, channel(wei), by=ada)
    for state, becomes in ((Delivery.State.FAILED, State.FAILED), (Delivery.State.SENT, State.WAITING)):
        Delivery.objects.filter(pk=test.pk).update(state=state)
        test.delivery.state = state
        channel_tests.changed(test.delivery)
        test.refresh_from_db()
        assert test.state == becomes


def test_in_live_mode_what_the_sandbox_answered_proves_nothing(wei, ada, settings):
    answered(channel_tests.send(wei, channel(wei), by=ada))
    settings.DR_MODE = "live"
    assert standing(wei) is Standing.NEVER


def test_live_mode_calls_no_placeholder(wei, ada, settings):
    wei.channels.filter(kind="email").update(address="wei@example.com")
    settings.DR_MODE = "live"
    with pytest.raises(Refused, match="placeholder"):
        channel_tests.send(wei, channel(wei), by=ada)
    assert [one.kind for one in channel_tests.send_all(wei, by=ada)] == ["phone"]


def test_nobody_is_rung_twice_by_a_double_press(wei, ada, time_machine):
    time_machine.move_to(now(), tick=False)
    channel_tests.send(wei, channel(wei, "phone"), by=ada)
    with pytest.raises(Refused, match="a moment ago"):
        channel_tests.send(wei, channel(wei, "phone"), by=ada)
    assert [one.kind for one in channel_tests.send_all(wei, by=ada)] == ["email"]
    with pytest.raises(Refused, match="no address"):
        channel_tests.send_all(wei, by=ada)
    time_machine.shift(channel_tests.PAUSE)
    assert len(channel_tests.send_all(wei, by=ada)) == 2


def test_what_somebody_said_by_another_way_answers_the_test_that_waits(wei, ada):
    test = channel_tests.send(wei, channel(wei), by=ada)
    assert channel_tests.write_down(wei, channel(wei), by=ada, name="Wei Chen") == test
    test.refresh_from_db()
    assert (test.state, test.answered_by, test.answered_via) == (State.ANSWERED, "Wei Chen", "hand")
    assert test.delivery.state == Delivery.State.ACKNOWLEDGED
    assert not channel_tests.is_wanted(test.delivery)


def test_an_address_may_be_tried_without_the_console(ada):
    aws = Vendor.objects.create(key="aws", position=0, name="AWS")
    support = aws.channels.create(kind="phone", address="+1 206 266 4064", position=0)
    test = channel_tests.write_down(aws, support, by=ada, name="Sam")
    assert (test.whom, test.delivery, test.state) == ("vendor:aws", None, State.ANSWERED)
    assert proofs([aws])["vendor:aws"][0].standing is Standing.PROVEN


def test_one_that_failed_and_was_then_heard_of_is_proven(wei, ada):
    test = channel_tests.send(wei, channel(wei), by=ada)
    ChannelTest.objects.filter(pk=test.pk).update(state=State.FAILED)
    channel_tests.write_down(wei, channel(wei), by=ada, name="Wei")
    assert standing(wei) is Standing.PROVEN


def test_pagerduty_is_told_that_the_test_is_over(wei, ada):
    pager = wei.channels.create(kind="pagerduty", address="PABC123", position=2)
    test = channel_tests.send(wei, pager, by=ada)
    answered(test, via="pagerduty")
    ended = Delivery.objects.exclude(pk=test.delivery_id).get()
    assert ended.payload["action"] == "resolve"
    assert ended.payload["key"] == test.delivery.payload["key"]


def test_an_answer_to_a_message_that_belongs_to_no_test_is_told_so(wei):
    assert not channel_tests.answered(
        make.message(purpose="test"), Answer(Wish.ACKNOWLEDGE, by="Wei", via="link", as_of=now())
    ).is_done


def test_open_pages_are_told(wei, ada):
    channel_tests.send(wei, channel(wei), by=ada)
    assert Event.objects.filter(topic__name="console", name="contacts").exists()


def test_what_is_not_proven_is_not_ready(wei, ada):
    def found() -> list[str]:
        return [finding.what for finding in findings() if finding.query == "tested=false"]

    assert found() == ["Some ways to contacts were never tested"]
    assert untested_contacts() == [wei.pk]
    for test in channel_tests.send_all(wei, by=ada):
        answered(test)
    assert found() == []
    assert untested_contacts() == []


def test_what_is_known_of_many_is_asked_at_once(wei, ada, django_assert_num_queries):
    for number in range(20):
        more = Contact.objects.create(key=f"more-{number}", position=number, name="More", kind="person")
        more.channels.create(kind="email", address=f"more-{number}@company.cn", position=0)
    answered(channel_tests.send(wei, channel(wei), by=ada))
    contacts = list(Contact.objects.prefetch_related("channels"))
    with django_assert_num_queries(2):
        proofs(contacts)
