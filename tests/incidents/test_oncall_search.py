"""What the palette finds of on-call."""

from __future__ import annotations

import pytest
from django.urls import reverse

from dr_console.web import navigation
from tests import make
from tests.incidents import rostering

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rotations():
    rostering.people()
    rostering.rotation()
    rostering.rotation("database", position=1)


def labels(person, text, at=""):
    return [str(one.label) for one in navigation.find(person, text, at=at)]


def test_on_its_page_it_is_taken_or_overridden():
    page = reverse("incidents:rotation", args=["primary"])
    assert labels(make.user("chie", role="commander"), "primary", page)[:3] == [
        "Take on-call now: Primary",
        "Swap a shift: Primary",
        "Put somebody else on call: Primary",
    ]
    # No contact: nothing for oneself.
    found = labels(make.user("root", role="commander"), "primary", page)
    assert found[0] == "Put somebody else on call: Primary"
    assert labels(make.user("vera", role="viewer"), "on-call now", page) == []


def test_on_the_page_of_all_each_can_be_taken():
    found = labels(make.user("bob", role="responder"), "take on-call", reverse("incidents:oncall"))
    assert found == ["Take on-call now: Primary", "Take on-call now: Database"]
    assert labels(make.user("ada", role="responder"), "take on-call", reverse("home")) == []
