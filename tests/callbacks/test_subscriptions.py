"""PagerDuty is asked to tell the console, and its secret is kept; the page and the command that do it."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from dr_console.audit.models import AuditEntry
from dr_console.errors import Refused
from dr_console.notifications.callbacks import subscriptions
from dr_console.notifications.models import VendorSubscription
from dr_console.providers import registry
from dr_console.providers.deadlines import Deadline
from tests import make
from tests.callbacks import vendors

pytestmark = pytest.mark.django_db


def at_pagerduty() -> list[str]:
    return [one.url for one in registry.paging().subscriptions(deadline=Deadline.after(5))]


def test_it_is_made_once_and_replaced_by_the_next(people):
    for _time in range(2):
        subscriptions.subscribe(by=None)
    assert at_pagerduty() == [subscriptions.address()]
    assert VendorSubscription.objects.filter(ended_at=None).count() == 1
    assert AuditEntry.objects.filter(action="channel.subscribed").count() == 2


def test_that_of_another_console_stays(people):
    registry.paging().subscribe("http://127.0.0.1:9/callbacks/pagerduty/", deadline=Deadline.after(5))
    subscriptions.subscribe(by=None)
    assert len(at_pagerduty()) == 2


def test_its_secret_is_believed_and_stands_nowhere_to_be_read(people, client, settings):
    made = subscriptions.subscribe(by=None)
    assert "sandbox-pagerduty-webhook" not in made.sealed
    assert "sandbox-pagerduty-webhook" not in str(AuditEntry.objects.get(action="channel.subscribed").after)
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "pagerduty": {"webhook_secret": ""}}
    assert vendors.pagerduty(client, vendors.event("triggered", "no page")).status_code == 202


def test_a_secret_that_cannot_be_read_any_more_is_our_trouble(people, client, settings):
    subscriptions.subscribe(by=None)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another one altogether, long and random", []
    assert vendors.pagerduty(client, vendors.event("triggered", "no page")).status_code == 503
    client.force_login(make.user("vera", role="viewer"))
    assert "cannot be read any more" in client.get(reverse("callbacks:channels")).content.decode()


def test_where_pagerduty_cannot_reach_us_it_is_not_asked(people, settings):
    settings.DR_MODE = "live"
    with pytest.raises(Refused, match="DR_PUBLIC_URL"):
        subscriptions.subscribe(by=None)


def test_when_pagerduty_says_no_nothing_is_kept(people):
    people.fault("error", "pagerduty", status=503)
    with pytest.raises(CommandError, match="PagerDuty"):
        call_command("subscribe_pagerduty")
    assert not VendorSubscription.objects.exists()


def test_the_command_makes_it(people, capsys):
    call_command("subscribe_pagerduty")
    assert subscriptions.address() in capsys.readouterr().out


def test_the_button_makes_it_and_the_page_says_so(people, client):
    client.force_login(make.user("ada", role="administrator"))
    page = client.post(reverse("callbacks:subscribe"), follow=True).content.decode()
    assert "From now on PagerDuty tells the console" in page
    assert "Made by this console" in page
    assert "Subscribe again" in page


def test_when_it_fails_the_page_says_why(people, client):
    people.fault("error", "pagerduty", status=503)
    client.force_login(make.user("ada", role="administrator"))
    response = client.post(reverse("callbacks:subscribe"))
    assert response.status_code == 409
    assert "PagerDuty" in response.content.decode()


def test_it_takes_the_permission(client):
    client.force_login(make.user("carl", role="commander"))
    assert client.post(reverse("callbacks:subscribe")).status_code == 403
    assert "subscribe" not in client.get(reverse("callbacks:channels")).content.decode().split("<main")[1]


def test_the_page_names_what_is_empty_and_says_nothing_secret(client, settings):
    client.force_login(make.user("vera", role="viewer"))
    page = client.get(reverse("callbacks:channels")).content.decode()
    assert "DR_WEBHOOK_URLS" in page
    for secret in ("sandbox-slack-signing", "sandbox-feishu", "sandbox-twilio-token", "sandbox-xoxb-token"):
        assert secret not in page


def test_it_says_when_vendors_cannot_reach_the_console(client, settings):
    settings.DR_MODE = "live"
    client.force_login(make.user("vera", role="viewer"))
    assert "No vendor can reach this console" in client.get(reverse("callbacks:channels")).content.decode()


def test_it_says_when_it_last_heard_of_a_vendor(client):
    vendors.pagerduty(client, vendors.event("triggered", "no page"))
    client.force_login(make.user("vera", role="viewer"))
    assert "Last heard" in client.get(reverse("callbacks:channels")).content.decode()
