"""Which contact of the plan is which user of the console."""

from __future__ import annotations

import pytest

from incidents.models import Contact
from incidents.queries.people_of_contacts import contact_of, user_of, users_of
from tests import make

pytestmark = pytest.mark.django_db


def contact(key: str, *addresses: str, kind: str = "person") -> Contact:
    made = Contact.objects.create(key=key, position=0, name=key.title(), kind=kind, language="en", time_zone="UTC")
    for place, address in enumerate(addresses):
        made.channels.create(kind="email", address=address, position=place)
    return made


def test_a_contact_is_the_user_with_its_address_in_whatever_case():
    contact("cto", "other@company.cn", "Ada@Example.com")
    assert user_of("cto") is None
    ada = make.user("ada")
    assert user_of("cto") == ada


def test_without_an_address_it_is_the_user_with_its_key_as_login():
    contact("wei")
    wei = make.user("Wei")
    assert user_of("wei") == wei


def test_an_address_says_more_than_a_login():
    contact("wei", "ada@example.com")
    ada, _wei = make.user("ada"), make.user("wei")
    assert user_of("wei") == ada


def test_whoever_may_not_log_in_any_more_is_nobody():
    contact("ada", "ada@example.com")
    make.user("ada", is_active=False)
    assert user_of("ada") is None


def test_a_team_is_no_user_although_it_has_their_address():
    contact("devops", "ada@example.com", kind="team")
    ada = make.user("ada")
    assert user_of("devops") is None
    assert contact_of(ada) is None


def test_a_contact_that_is_not_in_the_plan_is_nobody():
    assert user_of("nobody") is None


def test_many_are_found_with_three_queries(django_assert_num_queries):
    for number in range(5):
        contact(f"one-{number}", f"one-{number}@example.com")
        make.user(f"one-{number}")
    keys = [f"one-{number}" for number in range(5)]
    with django_assert_num_queries(4):
        assert set(users_of(keys)) == set(keys)


def test_a_user_is_the_contact_with_their_address_else_with_their_login():
    ada, wei = make.user("ada"), make.user("Wei")
    by_address, by_login = contact("cto", "ADA@example.com"), contact("wei")
    contact("ada")
    assert contact_of(ada) == by_address
    assert contact_of(wei) == by_login


def test_an_address_that_the_plan_left_out_says_nothing():
    made = contact("cto", "ada@example.com")
    made.channels.update(retired_at="2026-01-01T00:00:00Z")
    ada = make.user("ada")
    assert contact_of(ada) is None
    assert user_of("cto") is None
