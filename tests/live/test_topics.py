from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ObjectDoesNotExist

from dr_console.live import topics

ADA = User(username="ada")


@pytest.fixture(autouse=True)
def _rules(monkeypatch):
    monkeypatch.setattr(topics, "_rules", {})
    topics.allow("console", topics.everybody)
    topics.allow("incident-", lambda user, topic: topic != "incident-secret")


@pytest.mark.parametrize(
    ("topic", "may"), [("console", True), ("incident-7", True), ("incident-secret", False)], ids=str
)
def test_the_room_that_registered_the_topic_decides(topic, may):
    assert topics.may_watch(ADA, topic) is may


@pytest.mark.parametrize("topic", ["consoles", "console-2", "incident-", "incident", "nothing", "con sole", ""])
def test_what_no_room_registered_is_unknown(topic):
    with pytest.raises(topics.UnknownTopic):
        topics.may_watch(ADA, topic)


def test_the_longest_prefix_wins():
    topics.allow("incident-practice-", lambda user, topic: False)
    assert not topics.may_watch(ADA, "incident-practice-7")


def test_a_topic_about_something_that_does_not_exist_is_unknown():
    def may_watch(user, topic):
        raise ObjectDoesNotExist

    topics.allow("run-", may_watch)
    with pytest.raises(topics.UnknownTopic):
        topics.may_watch(ADA, "run-404")


@pytest.mark.parametrize("who", [AnonymousUser(), User(is_active=False)], ids=["stranger", "deactivated"])
def test_everybody_means_people_who_may_log_in(who):
    assert not topics.everybody(who, "console")


def test_a_prefix_that_no_address_can_carry_is_refused():
    with pytest.raises(ValueError, match="cannot begin a topic"):
        topics.allow("incident/", topics.everybody)
