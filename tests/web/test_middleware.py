"""Refusals, expired sessions and wrong methods are answered in one place."""

from __future__ import annotations

from urllib.parse import quote

import pytest

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.mark.parametrize(
    ("address", "sentence"),
    [("/refuse/", "ada has already ticked “Confirm the scope”."), ("/refuse-later/", "Not now.")],
)
def test_a_refusal_is_a_page_with_its_sentence_and_a_way_back(client, ada, address, sentence):
    response = client.get(address, headers={"Referer": "http://testserver/users/"})
    assert response.status_code == 409
    assert sentence in response.content.decode()
    assert 'href="http://testserver/users/"' in response.content.decode()


def test_a_refusal_is_shown_in_the_messages_area(client, ada):
    response = client.get("/refuse/", headers=HTMX)
    assert response.status_code == 409
    assert response["HX-Retarget"] == "#messages"
    assert response["HX-Reswap"] == "innerHTML"
    assert "<html" not in response.content.decode()


def test_an_expired_session_sends_the_whole_page_to_the_login(client):
    response = client.get("/users/", headers={**HTMX, "HX-Current-URL": "http://testserver/users/?q=a"})
    assert response["HX-Redirect"] == f"/accounts/login/?next={quote('/users/?q=a', safe='')}"
    assert response.content == b""


def test_without_htmx_the_login_is_a_redirect(client):
    assert client.get("/users/").url == "/accounts/login/?next=/users/"


def test_an_answer_to_a_wrong_method_that_says_something_is_left_alone(client, ada):
    response = client.post("/find/", headers=HTMX)
    assert response.status_code == 405
