"""Tokens of the API: made, shown once, revoked; in the browser and in the terminal."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from dr_console.audit.models import AuditEntry
from dr_console.errors import Refused
from dr_console.people import tokens
from dr_console.people.models import ApiToken
from dr_console.roles import ROLES
from tests import make

pytestmark = pytest.mark.django_db

NEW = {"name": "load balancer Tokyo", "scopes": ["push_samples"], "days": ""}
PAGES = [("get", "tokens", False), ("get", "add-token", False), ("post", "add-token", False)]
PAGES += [("get", "token", True), ("post", "revoke-token", True)]


@pytest.fixture
def root(client):
    someone = make.user("root", role="administrator")
    client.force_login(someone)
    return someone


@pytest.fixture
def token():
    make.api_token("old one")
    return ApiToken.objects.get()


def url(name, token=None):
    return reverse(f"people:{name}", args=[token.name] if token else [])


def text(response):
    return re.sub(r"\s+", " ", unescape(response.content.decode()))


def shown_in(response):
    return re.search(r"drc_[\w-]{43}", text(response))[0]


@pytest.mark.parametrize(("method", "name", "about_one"), PAGES)
@pytest.mark.parametrize("role", [role for role in ROLES if role != "administrator"])
def test_only_administrators_deal_with_tokens(client, token, method, name, about_one, role):
    client.force_login(make.user("ada", role=role))
    assert getattr(client, method)(url(name, token if about_one else None)).status_code == 403
    assert ApiToken.objects.usable().count() == 1


@pytest.mark.parametrize(("method", "name", "about_one"), PAGES)
def test_strangers_are_sent_to_log_in(client, token, method, name, about_one):
    response = getattr(client, method)(url(name, token if about_one else None))
    assert response.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_new_token_is_shown_once_and_works(client, root, headers):
    response = client.post(url("add-token"), NEW, headers=headers)
    plain = shown_in(response)
    assert "no-store" in response["Cache-Control"]
    assert ("<html" in text(response)) != bool(headers)
    assert "http://localhost" in text(response) or "/api/v1/samples" in text(response)
    made = tokens.let_in(plain, scope="push_samples")
    assert (made.name, made.made_by, made.expires_at) == (NEW["name"], root, None)
    for page in (url("tokens"), url("token", made)):
        assert plain not in text(client.get(page))
        assert made.hint in text(client.get(page))


def test_who_made_it_is_in_the_audit_log_without_the_token(client, root):
    plain = shown_in(client.post(url("add-token"), NEW))
    entry = AuditEntry.objects.get(action="token.made")
    assert (entry.actor, entry.target) == (root, "token load balancer Tokyo")
    assert plain not in str(vars(entry))


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"name": "a/b"}, {"name": " ../x"}, {"scopes": ["everything"]}, {"scopes": []}, {"days": "0"}],
)
def test_what_is_wrong_is_said_in_the_form(client, root, wrong):
    response = client.post(url("add-token"), NEW | wrong)
    assert response.status_code == 422
    assert not ApiToken.objects.exists()


def test_a_name_is_given_once(client, root, token):
    assert "There is a token of this name already." in text(client.post(url("add-token"), NEW | {"name": token.name}))
    with pytest.raises(Refused, match="already"):
        tokens.make(token.name, scopes=[], by=None)


def test_revoking_is_at_once_and_for_good(client, root, token):
    response = client.post(url("revoke-token", token), follow=True)
    assert "Revoked" in text(response)
    assert not ApiToken.objects.usable().exists()
    assert "Revoke</button>" not in client.get(url("token", token)).content.decode()
    assert client.post(url("revoke-token", token)).status_code == 409
    assert AuditEntry.objects.filter(action="token.revoked", actor=root).count() == 1


def test_days_are_counted_from_now(client, root, time_machine):
    time_machine.move_to("2026-11-22 14:30 +0000", tick=False)
    plain = shown_in(client.post(url("add-token"), NEW | {"days": "2"}))
    assert tokens.let_in(plain, scope="push_samples")
    time_machine.move_to("2026-11-24 14:30 +0000", tick=False)
    assert tokens.let_in(plain, scope="push_samples") is None
    assert "Expired" in text(client.get(url("tokens")))


def test_the_pages_speak_chinese(client, root, token):
    for page in (url("tokens"), url("add-token"), url("token", token)):
        response = client.get(page, headers={"Accept-Language": "zh-CN,zh;q=0.9"})
        assert '<html lang="zh-hans"' in response.content.decode()


def test_the_list_asks_as_often_for_many_as_for_few(client, root, token, django_assert_max_num_queries):
    for number in range(20):
        make.api_token(f"token {number}")
    with django_assert_max_num_queries(12):
        client.get(url("tokens"))


# In the terminal --------------------------------------------------------------------------------------


def test_the_command_prints_the_token_and_nothing_else(capsys):
    call_command("api_token", "cron", "--days", "30")
    plain = capsys.readouterr().out.strip()
    made = tokens.let_in(plain, scope="push_samples")
    assert (made.made_by, (made.expires_at - made.made_at).days) == (None, 30)
    assert AuditEntry.objects.get().origin == "terminal"


def test_the_command_lists_and_revokes(capsys, token):
    call_command("api_token", list=True)
    line = capsys.readouterr().out
    assert line.startswith("old one")
    assert "never used" in line
    call_command("api_token", token.name, revoke=True)
    assert not ApiToken.objects.usable().exists()


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("old one", {}, "already"),
        ("", {}, "Say what"),
        ("nothing", {"revoke": True}, "no token called"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(capsys, token, name, options, said):
    with pytest.raises(SystemExit) as stop:
        call_command("api_token", name, **options)
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_days_are_a_number():
    with pytest.raises((CommandError, SystemExit)):
        call_command("api_token", "x", "--days", "0")
