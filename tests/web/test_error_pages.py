"""Whatever goes wrong, a person gets a page that says what happened and where to go."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import connection
from django.test import Client, RequestFactory

from dr_console.web import views
from tests import make

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def text(response) -> str:
    return response.content.decode()


def test_nothing_at_an_address(client, ada):
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "There is nothing at this address" in text(response)
    assert 'href="/"' in text(response)


def test_strangers_get_the_page_without_the_bar(client):
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert 'id="bar"' not in text(response)


def test_the_way_back_is_a_page_of_ours(client, ada):
    response = client.get("/nowhere/", headers={"Referer": "http://testserver/users/?q=x"})
    assert 'href="http://testserver/users/?q=x"' in text(response)
    response = client.get("/nowhere/", headers={"Referer": "https://evil.example/"})
    assert "evil.example" not in text(response)


def test_a_missing_permission_names_the_roles_that_have_it(client, ada):
    response = client.get("/guarded/")
    assert response.status_code == 403
    assert "Manager, Administrator" in text(response)
    assert "You are logged in as ada; your role: Viewer." in text(response)


def test_who_has_the_permission_comes_in(client):
    client.force_login(make.user("mia", role="manager"))
    assert text(client.get("/guarded/")) == "come in"


def test_somebody_without_any_role_is_told_so(client):
    client.force_login(make.user("eve"))
    assert "your role: none" in text(client.get("/guarded/"))


def test_a_refusal_by_django_names_no_role(rf, ada):
    request = rf.get("/")
    request.user = ada
    response = views.permission_denied(request, PermissionDenied())
    assert response.status_code == 403
    assert "This page is not for you" in text(response)


def test_what_an_attacker_sent_is_not_repeated():
    response = views.bad_request(RequestFactory().get("/"), SuspiciousOperation("<secret>"))
    assert response.status_code == 400
    assert "secret" not in text(response)


def test_a_host_that_is_not_ours_gets_a_page_before_anybody_is_known(client):
    response = client.get("/", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert "evil" not in text(response)


def test_a_form_that_is_not_from_here():
    client = Client(enforce_csrf_checks=True)
    response = client.post("/language/", {"language": "en"})
    assert response.status_code == 403
    assert "Nothing was changed" in text(response)


def test_a_mistake_of_ours_needs_no_database(client, ada, monkeypatch):
    client.raise_request_exception = False
    with connection.execute_wrapper(_no_database):
        response = views.server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    assert "The console has made a mistake" in text(response)
    response = client.get("/break/")
    assert response.status_code == 500
    assert "a mistake of ours" not in text(response)
    assert "RuntimeError" not in text(response)


def _no_database(*_):
    raise AssertionError("the page of error 500 asked the database")


def test_the_wrong_method_gets_a_page_too(client, ada):
    response = client.get("/only-post/")
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert "This address does not take that kind of request." in text(response)


@pytest.mark.parametrize(
    ("address", "status"), [("/nowhere/", 404), ("/guarded/", 403), ("/users/?sort=x", 400), ("/break/", 500)]
)
def test_htmx_gets_the_sentence_for_the_messages_area(client, ada, address, status):
    client.raise_request_exception = False
    response = client.get(address, headers=HTMX)
    assert response.status_code == status
    assert response["HX-Retarget"] == "#messages"
    assert text(response).strip().startswith('<div class="message message-error"')
