"""Letting people in, saying what they may, shutting them out."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from dr_console.audit.models import AuditEntry
from dr_console.env import WrongSetting
from dr_console.errors import Refused
from dr_console.people import services
from dr_console.people.models import Preferences
from dr_console.people.queries import administrators, login_methods, preferences_of, role_of
from dr_console.roles import ROLES
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def root():
    return make.user("root", role="administrator")


def last_entry():
    return AuditEntry.objects.latest("pk")


# --- The first administrator -----------------------------------------------------------------------


def test_the_first_administrator_gets_a_password_that_is_told_once():
    person, password = services.first_administrator("admin", "Admin@example.com")
    assert role_of(person) == "administrator"
    assert person.email == "admin@example.com"
    assert person.check_password(password)
    assert len(password) >= 20


def test_the_given_password_is_taken_and_not_repeated():
    person, password = services.first_administrator("admin", "admin@example.com", "correct horse battery")
    assert password is None
    assert person.check_password("correct horse battery")


def test_where_there_is_an_administrator_nothing_changes():
    first, _ = services.first_administrator("admin", "admin@example.com", "correct horse battery")
    entries = AuditEntry.objects.count()
    again, password = services.first_administrator("other", "other@example.com", "another password")
    assert (again, password) == (first, None)
    assert User.objects.count() == 1
    assert AuditEntry.objects.count() == entries


def test_no_password_is_in_the_audit_log():
    _person, password = services.first_administrator("admin", "admin@example.com")
    assert password not in str(list(AuditEntry.objects.values("target", "before", "after")))


def test_a_locked_out_console_can_be_given_its_administrator_back(root):
    User.objects.filter(pk=root.pk).update(is_active=False)
    person, password = services.first_administrator("root", "root@example.com")
    assert person.pk == root.pk
    assert person.is_active
    assert person.check_password(password)


def test_live_mode_does_not_take_a_weak_password(settings):
    settings.DR_MODE = "live"
    with pytest.raises(WrongSetting, match="^DR_ADMIN_PASSWORD: .*too short"):
        services.first_administrator("admin", "admin@example.com", "admin")
    assert not User.objects.exists()


# --- Adding and changing ---------------------------------------------------------------------------


def test_somebody_new_has_a_role_but_no_password_yet(root):
    person = services.add_person("bob", name="Bob B", email="Bob@Example.com", role="responder", by=root)
    assert role_of(person) == "responder"
    assert not person.has_usable_password()
    address = EmailAddress.objects.get(user=person)
    assert (address.email, address.verified, address.primary) == ("bob@example.com", True, True)
    entry = last_entry()
    assert (entry.action, entry.actor, entry.target) == ("person.added", root, "person bob")
    assert entry.after == {
        "username": "bob",
        "name": "Bob B",
        "email": "bob@example.com",
        "role": "responder",
        "active": True,
    }


@pytest.mark.parametrize(
    ("username", "email", "sentence"),
    [
        ("ROOT", "new@example.com", "already has the login"),
        ("root@example.com", "new@example.com", "already has the login"),
        ("bob", "ROOT@example.com", "already has the address"),
    ],
)
def test_logins_and_addresses_are_unique_in_whatever_case(root, username, email, sentence):
    with pytest.raises(Refused, match=sentence):
        services.add_person(username, name="", email=email, role="viewer", by=root)
    assert User.objects.count() == 1


def test_people_without_an_address_do_not_collide(root):
    for name in ("bob", "eve"):
        services.add_person(name, name="", email="", role="viewer", by=root)
    assert User.objects.filter(email="").count() == 2


def test_an_unknown_role_is_refused(root):
    with pytest.raises(Refused, match="no role called “king”"):
        services.add_person("bob", name="", email="", role="king", by=root)
    assert not User.objects.filter(username="bob").exists()


def test_details_are_corrected_and_the_old_address_is_worth_nothing(root):
    person = services.add_person("bob", name="Bob", email="old@example.com", role="viewer", by=root)
    services.change_details(person, name="Robert", email="new@example.com", by=root)
    person.refresh_from_db()
    assert (person.get_full_name(), person.email) == ("Robert", "new@example.com")
    assert [address.email for address in EmailAddress.objects.filter(user=person)] == ["new@example.com"]
    assert last_entry().before == {"name": "Bob", "email": "old@example.com"}
    assert last_entry().after == {"name": "Robert", "email": "new@example.com"}


def test_saving_what_was_there_already_is_not_worth_a_line(root):
    person = services.add_person("bob", name="Bob", email="bob@example.com", role="viewer", by=root)
    entries = AuditEntry.objects.count()
    services.change_details(person, name="Bob", email="bob@example.com", by=root)
    services.change_role(person, "viewer", by=root)
    assert AuditEntry.objects.count() == entries


# --- Roles -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_a_person_has_exactly_one_role(root, role):
    person = make.user("bob", role="manager")
    services.change_role(person, role, by=root)
    assert [group.name for group in person.groups.all()] == [role]


def test_a_change_of_role_is_recorded(root):
    services.change_role(make.user("bob", role="viewer"), "commander", by=root)
    entry = last_entry()
    assert (entry.action, entry.before, entry.after) == (
        "person.role_changed",
        {"role": "viewer"},
        {"role": "commander"},
    )


def test_the_last_administrator_can_be_neither_demoted_nor_removed(root):
    with pytest.raises(Refused, match="role of “root” cannot change: nobody else"):
        services.change_role(root, "viewer", by=root)
    with pytest.raises(Refused, match="^“root” cannot be deactivated: nobody else"):
        services.deactivate(root, by=root)
    root.refresh_from_db()
    assert root.is_active
    assert role_of(root) == "administrator"


def test_a_deactivated_administrator_does_not_count(root):
    other = make.user("other", role="administrator", is_active=False)
    with pytest.raises(Refused, match="nobody else is an active administrator"):
        services.deactivate(root, by=other)


def test_with_a_second_administrator_the_first_may_go(root):
    services.change_role(root, "viewer", by=make.user("other", role="administrator"))
    assert role_of(root) == "viewer"


def test_two_who_demote_each_other_leave_one(root):
    """Both pages were opened while there were two: the second finds out in the service."""
    other = make.user("other", role="administrator")
    services.change_role(other, "viewer", by=root)
    with pytest.raises(Refused, match="nobody else"):
        services.change_role(root, "viewer", by=other)


@pytest.mark.django_db(transaction=True)
def test_two_who_demote_each_other_at_the_same_moment_leave_one():
    pair = [make.user(name, role="administrator") for name in ("root", "other")]
    start = threading.Barrier(2)

    def demote(person, by):
        start.wait(timeout=10)
        try:
            services.change_role(person, "viewer", by=by)
        except Refused as refused:
            return str(refused)
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(demote, pair, reversed(pair)))
    assert sorted(map(bool, answers)) == [False, True]
    assert administrators().count() == 1


# --- Shutting out ----------------------------------------------------------------------------------


def logged_in(person):
    client = Client()
    client.force_login(person)
    return client


def test_deactivating_ends_every_login_of_that_person_and_of_nobody_else(root):
    bob = make.user("bob", role="viewer")
    logged_in(bob), logged_in(bob), logged_in(root)
    services.deactivate(bob, by=root)
    assert [session.get_decoded()["_auth_user_id"] for session in Session.objects.all()] == [str(root.pk)]
    assert last_entry().after == {"active": False, "logins_ended": 2}


def test_old_logins_do_not_come_back_when_somebody_is_reactivated(root):
    bob = make.user("bob", role="viewer")
    client = logged_in(bob)
    services.deactivate(bob, by=root)
    services.reactivate(bob, by=root)
    assert client.get("/accounts/password/change/").url.startswith("/accounts/login/")
    assert User.objects.get(pk=bob.pk).check_password("secret")


def test_twice_is_refused(root):
    bob = make.user("bob", role="viewer")
    with pytest.raises(Refused, match="active already"):
        services.reactivate(bob, by=root)
    services.deactivate(bob, by=root)
    with pytest.raises(Refused, match="deactivated already"):
        services.deactivate(bob, by=root)


# --- One-time links --------------------------------------------------------------------------------


def follow(link, password):
    """Do with the link what a person does."""
    client = Client()
    page = client.get(link.removeprefix("http://127.0.0.1:8000"), follow=True)
    form = {"password1": password, "password2": password}
    return client.post(page.request["PATH_INFO"], form)


def test_a_link_sets_a_password_once(root):
    bob = make.user("bob", role="viewer")
    link = services.reset_login(bob, by=root)
    assert link.startswith("http://127.0.0.1:8000/accounts/password/reset/key/")
    assert follow(link, "correct horse battery").status_code == 302
    bob.refresh_from_db()
    assert bob.check_password("correct horse battery")
    follow(link, "somebody elses password")
    bob.refresh_from_db()
    assert bob.check_password("correct horse battery")


def test_a_link_expires_after_a_day(root, time_machine):
    bob = make.user("bob", role="viewer")
    time_machine.move_to("2025-01-10 14:00 +0000", tick=False)
    link = services.reset_login(bob, by=root)
    time_machine.move_to("2025-01-11 14:01 +0000", tick=False)
    follow(link, "correct horse battery")
    assert not User.objects.get(pk=bob.pk).has_usable_password()


def test_a_new_link_makes_the_old_one_worthless(root):
    bob = make.user("bob", role="viewer")
    old = services.reset_login(bob, by=root)
    services.reset_login(bob, by=root)
    follow(old, "correct horse battery")
    assert not User.objects.get(pk=bob.pk).has_usable_password()


def test_resetting_ends_the_old_password_and_every_login(root):
    bob = make.user("bob", role="viewer")
    logged_in(bob)
    services.reset_login(bob, by=root)
    assert not User.objects.get(pk=bob.pk).has_usable_password()
    assert not Session.objects.exists()


@pytest.mark.parametrize(("asked", "left"), [(True, 0), (False, 1)])
def test_second_factors_go_only_when_asked(root, asked, left):
    bob = make.user("bob", role="viewer")
    TOTP.activate(bob, "JBSWY3DPEHPK3PXP")
    services.reset_login(bob, by=root, clear_second_factors=asked)
    assert Authenticator.objects.filter(user=bob).count() == left
    assert last_entry().after == {"second_factors_removed": 1 - left, "logins_ended": 0}


def test_the_link_is_not_in_the_log(root):
    link = services.reset_login(make.user("bob"), by=root)
    assert link.rstrip("/").rpartition("-")[2] not in str(list(AuditEntry.objects.values("target", "before", "after")))


def test_neither_oneself_nor_the_deactivated_are_reset(root):
    with pytest.raises(Refused, match="preferences page"):
        services.reset_login(root, by=root)
    with pytest.raises(Refused, match="Reactivate them first"):
        services.reset_login(make.user("bob", is_active=False), by=root)


# --- Preferences and ways to log in ----------------------------------------------------------------


def test_nobody_has_preferences_until_they_choose():
    ada = make.user("ada")
    assert preferences_of(ada).theme == "system"
    assert not Preferences.objects.exists()
    services.change_preferences(ada, theme="dark")
    assert Preferences.objects.get(user=ada).theme == "dark"


def test_what_is_not_named_stays():
    ada = make.user("ada")
    services.change_preferences(ada, language="zh-hans", time_zone="Asia/Shanghai", theme="dark", shortcuts=False)
    services.change_preferences(ada, theme="light")
    chosen = preferences_of(User.objects.get(pk=ada.pk))
    assert (chosen.language, chosen.time_zone, chosen.theme, chosen.shortcuts) == (
        "zh-hans",
        "Asia/Shanghai",
        "light",
        False,
    )
    assert (last_entry().before, last_entry().after) == ({"theme": "dark"}, {"theme": "light"})


def test_ways_to_log_in_are_listed():
    ada = make.user("ada")
    TOTP.activate(ada, "JBSWY3DPEHPK3PXP")
    assert [method.label for method in login_methods(ada)] == ["Password", "Authenticator app"]
    ada.set_unusable_password()
    assert [method.label for method in login_methods(ada)] == ["Authenticator app"]
