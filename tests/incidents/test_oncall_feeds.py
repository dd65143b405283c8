"""Calendar feeds: secret addresses at which calendar programs read shifts without a login."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now
from icalendar import Calendar

from dr_console.audit.models import AuditEntry
from dr_console.errors import Refused
from dr_console.people.services import change_preferences
from incidents.models import Contact, OnCallFeed
from incidents.services import oncall, oncall_feeds
from tests import make
from tests.incidents import rostering

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def primary(time_machine):
    time_machine.move_to(rostering.NOW, tick=False)
    rostering.people()
    return rostering.rotation()


@pytest.fixture
def bob():
    return make.user("bob", role="responder")


@pytest.fixture
def secret(primary, bob):
    return oncall_feeds.make(primary, name="Team", by=bob)[1]


def read(client, secret, **headers):
    return client.get(reverse("incidents:oncall-feed", args=[secret]), headers=headers)


def events(client, secret):
    """Summary, start and end of each event, in order."""
    response = read(client, secret)
    assert response.status_code == 200
    found = Calendar.from_ical(response.content).walk("VEVENT")
    return [(str(one["SUMMARY"]), one.decoded("DTSTART"), one.decoded("DTEND")) for one in found]


def contact(key):
    return Contact.objects.get(key=key)


def test_it_is_read_without_a_login(client, secret):
    response = read(client, secret)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert response["Cache-Control"] == "private, no-cache"
    assert not response.cookies
    text = response.content.decode()
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert "X-WR-CALNAME:On call: Primary\r\n" in text


def test_every_shift_is_in_it_in_utc(client, secret):
    found = events(client, secret)
    monday = datetime.fromisoformat("2026-11-23T09:00:00+00:00")
    assert ("Primary: Ada", monday, monday + timedelta(days=7)) in found
    assert ("Primary: Bob", monday + timedelta(days=7), monday + timedelta(days=14)) in found
    assert found[-1][2] > now() + timedelta(days=90)
    assert found[0][1] < now() - timedelta(days=30)
    assert b"DTSTART:20261123T090000Z" in read(client, secret).content


def test_what_one_takes_over_changes_it(client, secret, primary, bob):
    before = {one["UID"] for one in Calendar.from_ical(read(client, secret).content).walk("VEVENT")}
    oncall.take_now(primary, contact("bob"), until=now() + timedelta(hours=2), reason="Ada; flies, today", by=bob)
    after = Calendar.from_ical(read(client, secret).content).walk("VEVENT")
    taken = next(one for one in after if one.decoded("DTSTART") == now())
    assert (taken["SUMMARY"], taken["DESCRIPTION"]) == ("Primary: Bob", "override. Ada; flies, today")
    # Those that nothing happened to are the same ones.
    assert len(before - {one["UID"] for one in after}) == 0
    assert len({one["UID"] for one in after}) == len(after) == len(before) + 2


def test_nothing_new_is_not_sent_again(client, secret, time_machine):
    first = read(client, secret)
    again = read(client, secret, **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    time_machine.move_to("2026-11-23 23:59:00 +0000", tick=False)
    assert read(client, secret)["ETag"] == first["ETag"]


def test_asking_for_the_head_alone_is_answered(client, secret):
    response = client.head(reverse("incidents:oncall-feed", args=[secret]))
    assert (response.status_code, response.content) == (200, b"")


def test_it_is_only_read(client, secret):
    assert client.post(reverse("incidents:oncall-feed", args=[secret])).status_code == 405


def test_a_hole_is_an_event_of_its_own(client, bob):
    secret = oncall_feeds.make(rostering.weekend(), name="Team", by=bob)[1]
    holes = [one for one in events(client, secret) if one[0] == "Weekend: nobody is on call"]
    assert holes[0][2] == datetime.fromisoformat("2026-11-28T00:00:00+00:00")


def test_a_persons_feed_has_their_shifts_of_every_rotation(client, bob):
    rostering.rotation("database", position=1, participants=["bob"])
    secret = oncall_feeds.make(contact("bob"), name="My telephone", by=bob)[1]
    names = {name for name, _start, _end in events(client, secret)}
    assert names == {"Primary: Bob", "Database: Bob"}
    assert "X-WR-CALNAME:On call: Bob\r\n" in read(client, secret).content.decode()


def test_it_speaks_the_language_of_whoever_made_it(client, secret, bob):
    change_preferences(bob, language="zh-hans")
    assert "Primary（中）：Ada（中）" in {name for name, _start, _end in events(client, secret)}
    change_preferences(bob, language="en")
    response = read(client, secret, **{"Accept-Language": "zh-CN"})
    assert b"Primary: Ada" in response.content


def test_what_has_left_the_plan_leaves_an_empty_calendar(client, secret, primary, bob):
    of_person = oncall_feeds.make(contact("chie"), name="Hers", by=bob)[1]
    primary.participants = ["ada"]
    primary.retired_at = now()
    primary.save()
    Contact.objects.filter(key="chie").update(retired_at=now())
    assert events(client, secret) == []
    assert events(client, of_person) == []
    assert b"X-WR-CALNAME:On call: chie\r\n" in read(client, of_person).content


# --- Addresses ----------------------------------------------------------------------------------------------------
def test_an_address_that_is_none_answers_nothing(client, secret):
    assert read(client, secret[:-1]).status_code == 404
    assert read(client, "x").status_code == 404


def test_a_revoked_one_answers_nothing_any_more(client, secret, bob):
    client.force_login(bob)
    feed = OnCallFeed.objects.get()
    response = client.post(reverse("incidents:oncall-feed-revoke", args=[feed.pk]))
    assert response.url == reverse("incidents:my-shifts")
    assert read(client, secret).status_code == 404
    with pytest.raises(Refused, match="revoked already"):
        oncall_feeds.revoke(feed, by=bob)
    assert AuditEntry.objects.filter(action="oncall_feed.revoked").count() == 1


def test_it_ends_with_the_account_of_whoever_made_it(client, secret, bob):
    bob.is_active = False
    bob.save()
    assert read(client, secret).status_code == 404


def test_the_secret_is_shown_once_and_kept_nowhere(client, bob, primary):
    client.force_login(bob)
    url = reverse("incidents:oncall-feed-add")
    assert 'value="rotation:primary"' in client.get(url, {"rotation": "primary"}).content.decode()
    response = client.post(url, {"of": "mine", "name": "My telephone"})
    assert response["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    feed = OnCallFeed.objects.get()
    assert (feed.contact_key, feed.rotation_key, feed.name) == ("bob", "", "My telephone")
    address = response.content.decode().partition('<code class="long">')[2].partition("</code>")[0]
    secret = address.rpartition("/")[2].removesuffix(".ics")
    assert secret.startswith(feed.hint)
    assert client.get(reverse("incidents:oncall-feed", args=[secret])).status_code == 200
    kept = str(AuditEntry.objects.get(action="oncall_feed.made").after) + str(OnCallFeed.objects.values().get())
    assert secret not in kept
    assert secret not in client.get(reverse("incidents:my-shifts")).content.decode()


def test_a_feed_is_of_something_and_has_a_name(client, bob):
    client.force_login(bob)
    for fields in ({"of": "rotation:moon", "name": "x"}, {"of": "mine", "name": ""}, {"name": "x"}):
        assert client.post(reverse("incidents:oncall-feed-add"), fields).status_code == 422
    assert not OnCallFeed.objects.exists()


def test_others_cannot_revoke_it_but_whoever_may_change_on_call(client, secret):
    feed = OnCallFeed.objects.get()
    client.force_login(make.user("chie", role="responder"))
    assert client.post(reverse("incidents:oncall-feed-revoke", args=[feed.pk])).status_code == 403
    client.force_login(make.user("root", role="commander"))
    response = client.post(reverse("incidents:oncall-feed-revoke", args=[feed.pk]))
    assert response.url == reverse("incidents:rotation", args=["primary"])


def test_one_person_has_only_so_many(bob, primary):
    for number in range(oncall_feeds.MOST_OPEN):
        oncall_feeds.make(primary, name=f"Feed {number}", by=bob)
    with pytest.raises(Refused, match="20 calendar addresses already"):
        oncall_feeds.make(primary, name="One more", by=bob)


def test_when_it_was_read_is_noted_once_an_hour(client, secret, time_machine):
    read(client, secret)
    first = OnCallFeed.objects.get().read_at
    assert first == now()
    time_machine.shift(timedelta(minutes=59))
    read(client, secret)
    assert OnCallFeed.objects.get().read_at == first
    time_machine.shift(timedelta(minutes=2))
    read(client, secret)
    assert OnCallFeed.objects.get().read_at == now()
