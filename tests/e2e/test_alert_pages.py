"""The pages of an alert, of its source and of what is done with it, in a real browser."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser

from incidents.models import Alert, AlertPayload, AlertRule
from incidents.services import silences
from tests import make
from tests.e2e.pages import Look, check_page, visit
from tests.incidents import alerting

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def addresses():
    alerting.services()
    root = make.user("root", role="administrator")
    made = alerting.source(every_minutes=5)
    client = Client()
    long = alerting.alert("HighErrorRateOfEverythingThatUsersAskForInTokyo", service="api", instance="x" * 80)
    alerting.call(client, made, alerting.message(long, alerting.alert(service="database")))
    alerting.call(client, made, b"{")
    alerting.call(client, made, b"{}", Authorization="Bearer wrong")
    place = {"matchers": [["service", "=", "api"]], "source": made[0]}
    silences.add_rule(by=root, name="The API is P0", action="route", severity="P0", service=None, **place)
    silences.begin(by=root, starts_at=None, minutes=60, reason="New disks", **place)
    key = made[0].key
    return root, [
        reverse("incidents:alerts"),
        reverse("incidents:alert", args=[Alert.objects.earliest("pk").pk]),
        reverse("incidents:alert-source", args=[key]),
        reverse("incidents:alert-payload", args=[key, AlertPayload.objects.earliest("pk").pk]),
        reverse("incidents:alert-source-add"),
        reverse("incidents:alert-rules"),
        reverse("incidents:alert-rule", args=[AlertRule.objects.get().pk]),
        reverse("incidents:silences"),
    ]


def test_they_fit_and_can_be_used_by_everybody(browser: Browser, server: str, addresses):
    root, pages = addresses
    wrong = []
    for look in (Look(), Look(320, "dark", "zh-hans")):
        with visit(browser, server, look, root) as page:
            for address in pages:
                try:
                    check_page(page, address, look=look)
                except AssertionError as error:
                    wrong.append(str(error))
    assert not wrong, "\n\n".join(wrong)
