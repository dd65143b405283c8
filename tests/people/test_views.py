"""The pages about people."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from dr_console.audit.models import AuditEntry
from dr_console.people import services
from dr_console.people.queries import preferences_of, role_of
from dr_console.roles import ROLES
from tests import make

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
NEW = {"username": "bob", "name": "Bob B", "email": "bob@example.com", "role": "responder"}


@pytest.fixture
def root(client):
    someone = make.user("root", role="administrator")
    client.force_login(someone)
    return someone


@pytest.fixture
def bob():
    return make.user("bob", role="viewer")


def url(name, person=None):
    return reverse(f"people:{name}", args=[person.username] if person else [])


def text(response):
    return re.sub(r"\s+", " ", unescape(response.content.decode()))


# --- Who may -----------------------------------------------------------------------------------------

ADMINISTRATORS_ONLY = [
    ("get", "list", False),
    ("get", "add", False),
    ("post", "add", False),
    ("get", "detail", True),
    ("post", "change-details", True),
    ("post", "change-role", True),
    ("post", "deactivate", True),
    ("post", "reactivate", True),
    ("post", "reset-login", True),
]


@pytest.mark.parametrize(("method", "name", "about_somebody"), ADMINISTRATORS_ONLY)
@pytest.mark.parametrize("role", [role for role in ROLES if role != "administrator"])
def test_only_administrators_manage_people(client, bob, role, method, name, about_somebody):
    client.force_login(make.user("ada", role=role))
    before = User.objects.filter(pk=bob.pk).values().get()
    response = getattr(client, method)(url(name, bob if about_somebody else None))
    assert response.status_code == 403
    assert "Administrator" in text(response)
    assert User.objects.filter(pk=bob.pk).values().get() == before


@pytest.mark.parametrize(("method", "name", "about_somebody"), [*ADMINISTRATORS_ONLY, ("get", "preferences", False)])
def test_strangers_are_sent_to_log_in(client, bob, method, name, about_somebody):
    response = getattr(client, method)(url(name, bob if about_somebody else None))
    assert response.status_code == 302
    assert response.url.startswith("/accounts/login/")


@pytest.mark.parametrize("role", ROLES)
def test_everybody_has_preferences(client, role):
    client.force_login(make.user("ada", role=role))
    assert client.get(url("preferences")).status_code == 200


@pytest.mark.parametrize("name", ["change-details", "change-role", "deactivate", "reactivate", "reset-login"])
def test_nothing_is_changed_by_following_a_link(client, root, bob, name):
    assert client.get(url(name, bob)).status_code == 405


# --- The list ------------------------------------------------------------------------------------------


def test_the_list_shows_role_and_state(client, root, bob):
    services.deactivate(make.user("eve", role="commander"), by=root)
    page = text(client.get(url("list")))
    for word in ("bob", "bob@example.com", "Viewer", "eve", "Commander", "Deactivated", "Active"):
        assert word in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"role": "viewer"}, {"bob"}),
        ({"role": "administrator"}, {"root"}),
        ({"state": "deactivated"}, {"eve"}),
        ({"state": "active"}, {"bob", "root"}),
        ({"q": "BOB@"}, {"bob"}),
    ],
)
def test_the_list_can_be_filtered(client, root, bob, query, shown):
    services.deactivate(make.user("eve", role="commander"), by=root)
    response = client.get(url("list"), query)
    assert {row.username for row in response.context["listing"].page.rows} == shown


def test_htmx_gets_the_table_only(client, root):
    response = client.get(url("list"), headers=HTMX)
    assert "tables/_table.html" in {template.name for template in response.templates}
    assert "<html" not in text(response)


def test_the_list_takes_the_same_number_of_queries_however_many_there_are(client, root, django_assert_max_num_queries):
    for number in range(12):
        make.user(f"person{number}", role="viewer")
    with django_assert_max_num_queries(10):
        client.get(url("list"))


# --- Adding --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_adding_somebody_shows_a_link_to_hand_over(client, root, headers):
    response = client.post(url("add"), NEW, headers=headers)
    assert response.status_code == 200
    link = re.search(r"http://127\.0\.0\.1:8000/accounts/password/reset/key/\S+/", text(response))
    assert link
    assert ("<html" in text(response)) == (not headers)
    assert role_of(User.objects.get(username="bob")) == "responder"
    assert "no-store" in response["Cache-Control"]


def test_the_link_is_shown_only_once(client, root):
    client.post(url("add"), NEW)
    assert "password/reset/key" not in text(client.get(url("detail", User.objects.get(username="bob"))))


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
@pytest.mark.parametrize(
    ("wrong", "field", "sentence"),
    [
        ({"username": ""}, "username", "This field is required"),
        ({"username": "two words"}, "username", "Enter a valid username"),
        ({"username": "ROOT"}, "username", "Somebody already has this login"),
        ({"email": "root@example.com"}, "email", "Somebody already has this address"),
        ({"email": "nonsense"}, "email", "Enter a valid email address"),
        ({"role": "king"}, "role", "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(client, root, headers, wrong, field, sentence):
    response = client.post(url("add"), NEW | wrong, headers=headers)
    assert response.status_code == 422
    assert sentence in response.context["form"].errors[field][0]
    assert sentence in text(response)
    assert ("<html" in text(response)) == (not headers)
    assert not User.objects.filter(username="bob").exists()


# --- One person ----------------------------------------------------------------------------------------


def test_the_page_shows_who_somebody_is_and_what_was_done_to_them(client, root, bob):
    services.change_role(bob, "manager", by=root)
    page = text(client.get(url("detail", bob)))
    for words in ("bob", "Manager", "Password", "Role changed", "root"):
        assert words in page


def test_the_page_takes_few_queries(client, root, bob, django_assert_max_num_queries):
    for role in ("manager", "viewer", "commander"):
        services.change_role(bob, role, by=root)
    with django_assert_max_num_queries(16):
        client.get(url("detail", bob))


def test_nobody_by_that_name_is_a_404(client, root):
    assert client.get("/people/person/nobody/").status_code == 404


def test_one_does_not_reset_oneself(client, root):
    page = text(client.get(url("detail", root)))
    assert "This is you" in page
    assert "Make a one-time link" not in page


CHANGES = [
    ("change-details", {"name": "Robert", "email": "robert@example.com"}, {"first_name": "Robert"}),
    ("change-role", {"role": "commander"}, {"groups__name": "commander"}),
    ("deactivate", {}, {"is_active": False}),
]


@pytest.mark.parametrize(("name", "form", "expected"), CHANGES)
def test_htmx_gets_the_changed_part_back(client, root, bob, name, form, expected):
    response = client.post(url(name, bob), form, headers=HTMX)
    assert response.status_code == 200
    assert response.templates[0].name == "people/_person.html"
    assert User.objects.filter(pk=bob.pk, **expected).exists()


@pytest.mark.parametrize(("name", "form", "expected"), CHANGES)
def test_a_plain_form_redirects_to_the_person(client, root, bob, name, form, expected):
    response = client.post(url(name, bob), form)
    assert response.status_code == 302
    assert response.url == url("detail", bob)
    assert User.objects.filter(pk=bob.pk, **expected).exists()


def test_reactivating_lets_them_in_again(client, root):
    eve = make.user("eve", role="viewer", is_active=False)
    assert client.post(url("reactivate", eve)).url == url("detail", eve)
    assert User.objects.get(pk=eve.pk).is_active


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
@pytest.mark.parametrize(
    ("name", "form"), [("change-details", {"email": "nonsense"}), ("change-role", {"role": "king"})]
)
def test_a_wrong_change_comes_back_with_its_error(client, root, bob, headers, name, form):
    response = client.post(url(name, bob), form, headers=headers)
    assert response.status_code == 422
    assert "This cannot be saved yet" in text(response)
    assert ("<html" in text(response)) == (not headers)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_resetting_shows_the_link(client, root, bob, headers):
    response = client.post(url("reset-login", bob), {"clear_second_factors": "on"}, headers=headers)
    assert response.status_code == 200
    assert "/accounts/password/reset/key/" in text(response)
    assert not User.objects.get(pk=bob.pk).has_usable_password()


@pytest.mark.parametrize(("name", "form"), [("deactivate", {}), ("change-role", {"role": "viewer"})])
def test_the_last_administrator_is_refused_in_words(client, root, name, form):
    plain = client.post(url(name, root), form)
    assert plain.status_code == 409
    assert "nobody else is an active administrator" in text(plain)
    htmx = client.post(url(name, root), form, headers=HTMX)
    assert htmx.status_code == 409
    assert htmx["HX-Retarget"] == "#messages"
    assert role_of(root) == "administrator"


# --- Preferences ---------------------------------------------------------------------------------------

CHOSEN = {"language": "zh-hans", "time_zone": "Asia/Shanghai", "theme": "dark"}


def test_preferences_are_kept(client):
    ada = make.user("ada")
    client.force_login(ada)
    response = client.post(url("preferences"), CHOSEN)
    assert response.url == url("preferences")
    kept = preferences_of(User.objects.get(pk=ada.pk))
    assert (kept.language, kept.time_zone, kept.theme, kept.shortcuts) == ("zh-hans", "Asia/Shanghai", "dark", False)
    assert AuditEntry.objects.get(action="person.preferences_changed").actor == ada


def test_the_page_comes_back_in_the_chosen_language_and_colours(client):
    client.force_login(make.user("ada"))
    page = client.post(url("preferences"), CHOSEN, follow=True)
    assert '<html lang="zh-hans" data-theme="dark">' in page.content.decode()


def test_htmx_is_sent_to_load_the_whole_page(client):
    client.force_login(make.user("ada"))
    response = client.post(url("preferences"), CHOSEN, headers=HTMX)
    assert response["HX-Redirect"] == url("preferences")


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
@pytest.mark.parametrize("wrong", [{"time_zone": "Mars/Olympus"}, {"language": "tlh"}, {"theme": "pink"}])
def test_wrong_preferences_are_refused(client, headers, wrong):
    ada = make.user("ada")
    client.force_login(ada)
    response = client.post(url("preferences"), CHOSEN | wrong, headers=headers)
    assert response.status_code == 422
    assert preferences_of(User.objects.get(pk=ada.pk)).pk is None


def test_what_is_chosen_at_the_foot_of_a_page_is_kept_for_the_person(client):
    ada = make.user("ada")
    client.force_login(ada)
    client.post(reverse("set_language"), {"language": "zh-hans", "next": "/"})
    client.post(reverse("web:theme"), {"theme": "dark"})
    kept = preferences_of(User.objects.get(pk=ada.pk))
    assert (kept.language, kept.theme) == ("zh-hans", "dark")


def test_the_preferences_page_takes_few_queries(client, django_assert_max_num_queries):
    client.force_login(make.user("ada", role="viewer"))
    with django_assert_max_num_queries(8):
        client.get(url("preferences"))


# --- The palette ---------------------------------------------------------------------------------------


def test_administrators_find_people_by_typing(client, root, bob):
    page = text(client.get(reverse("web:palette"), {"q": "bob"}))
    assert url("detail", bob) in page
    assert url("add") in text(client.get(reverse("web:palette"), {"q": "add person"}))


def test_nobody_else_does(client, bob):
    client.force_login(make.user("ada", role="commander"))
    assert url("detail", bob) not in text(client.get(reverse("web:palette"), {"q": "bob"}))
