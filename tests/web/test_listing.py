"""A list page: filters, order and place stand in the address; htmx gets the table alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db

NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _people(ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(date_joined=NOON)
    User.objects.bulk_create(
        User(
            username=f"person-{index:02}",
            email=f"person-{index:02}@example.com",
            is_active=index % 2 == 0,
            date_joined=NOON - timedelta(days=index),
        )
        for index in range(60)
    )


def logins(response) -> list[str]:
    return re.findall(r'role="rowheader"[^>]*>([^<]+)<', response.content.decode())


def link(response, ident: str) -> str:
    found = re.search(rf'id="{ident}"[^>]*href="([^"]+)"', response.content.decode())
    assert found, f"no link {ident}"
    return unescape(found[1])


def test_a_page_has_25_rows_in_the_order_of_the_table(client):
    response = client.get("/users/")
    assert logins(response) == ["ada", *(f"person-{index:02}" for index in range(24))]
    assert 'aria-sort="ascending"' in response.content.decode()


def test_next_and_previous_lead_there_and_back(client):
    first = client.get("/users/")
    second = client.get(link(first, "page-next"))
    third = client.get(link(second, "page-next"))
    assert len(logins(second)) == 25
    assert logins(third)[-1] == "person-59"
    assert "page-next" not in third.content.decode()
    back = client.get(link(third, "page-previous"))
    assert logins(back) == logins(second)
    assert logins(client.get(link(back, "page-first"))) == logins(first)


def test_pages_by_time_are_newer_and_older(client):
    response = client.get("/users/?sort=-joined")
    assert "Older" in response.content.decode()
    assert "Newer" in client.get(link(response, "page-next")).content.decode()


def test_a_click_on_a_heading_sorts_and_starts_at_the_top(client):
    second = client.get(link(client.get("/users/"), "page-next"))
    address = link(second, "sort-joined")
    assert "cursor" not in address
    assert logins(client.get(f"/users/{address}"))[0] == "person-59"
    assert link(client.get(f"/users/{address}"), "sort-joined").startswith("?sort=-joined")


def test_the_filters_stand_in_the_address(client):
    response = client.get("/users/?q=person-1&active=true&sort=-username")
    assert logins(response) == [f"person-{index}" for index in (18, 16, 14, 12, 10)]
    assert 'value="person-1"' in response.content.decode()


def test_since_counts_the_day_itself_by_utc(client):
    assert logins(client.get("/users/?since=2025-01-08")) == ["ada", "person-00", "person-01", "person-02"]


def test_no_match_offers_to_clear_the_filters_and_keeps_the_order(client):
    response = client.get("/users/?q=nobody&sort=-username")
    assert "Nothing matches these filters" in response.content.decode()
    assert 'href="/users/?sort=-username"' in response.content.decode()


def test_no_rows_at_all_says_what_the_table_says(client, ada):
    response = client.get("/nobody/")
    assert "Nobody yet." in response.content.decode()
    assert "Clear filters" not in response.content.decode()


def test_htmx_gets_the_table_alone_and_the_clean_address(client):
    response = client.get("/users/?q=&active=true&sort=username", headers=HTMX)
    assert response.content.decode().lstrip().startswith('<div id="table"')
    assert response["HX-Push-Url"] == "/users/?active=true&sort=username"
    assert "HX-Request" in response["Vary"]


def test_htmx_gets_the_whole_page_when_it_restores_history(client):
    response = client.get("/users/", headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert "<html" in response.content.decode()


def test_a_filter_that_cannot_be_understood_is_said_and_shows_no_rows(client):
    response = client.get("/users/?since=yesterday&active=perhaps")
    assert response.status_code == 422
    assert logins(response) == []
    assert "Since (UTC): Enter a valid date." in response.content.decode()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("sort=password", "This list cannot be sorted by “password”."),
        ("sort=email", "This list cannot be sorted by “email”."),
        ("sort=-", "This list cannot be sorted by “-”."),
        ("cursor=nonsense", "This address names a place in the list that does not exist."),
        ("cursor=WyJwayIsdHJ1ZV0:abc", "This address names a place in the list that does not exist."),
    ],
)
def test_a_wrong_address_gets_a_sentence(client, query, sentence):
    response = client.get(f"/users/?{query}")
    assert response.status_code == 400
    assert sentence in response.content.decode()


@pytest.mark.parametrize("query", ["per_page=-5", "per_page=0", "page=9", "page=x"])
def test_what_django_tables2_would_read_from_the_address_changes_nothing(client, query):
    assert logins(client.get(f"/users/?{query}")) == logins(client.get("/users/"))


def test_a_page_takes_one_query_for_its_rows_and_counts_nothing(client, django_assert_max_num_queries):
    address = link(client.get("/users/"), "page-next")
    with django_assert_max_num_queries(5) as captured:  # session, person, preferences, rows
        client.get(address, headers=HTMX)
    assert not [query for query in captured.captured_queries if "COUNT" in query["sql"]]
