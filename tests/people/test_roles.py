"""The table of roles, and the groups made of it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission

from dr_console.people import services
from dr_console.people.queries import permissions_by_name
from dr_console.roles import ROLES
from tests import make


def test_there_are_five_roles():
    assert list(ROLES) == ["viewer", "manager", "responder", "commander", "administrator"]


def test_whoever_may_more_may_also_what_the_humbler_may():
    may = {name: role.permissions for name, role in ROLES.items()}
    assert may["viewer"] <= may["manager"] <= may["administrator"]
    assert may["viewer"] <= may["responder"] <= may["commander"] <= may["administrator"]


@pytest.mark.django_db
def test_every_permission_in_the_table_exists():
    named = frozenset().union(*(role.permissions for role in ROLES.values()))
    assert named - permissions_by_name().keys() == set()


@pytest.mark.django_db
def test_groups_follow_the_table_and_lose_what_it_does_not_name():
    services.sync_roles()
    extra = Permission.objects.get(codename="view_auditentry")
    Group.objects.get(name="viewer").permissions.add(extra)
    services.sync_roles()
    for name, role in ROLES.items():
        permissions = Group.objects.get(name=name).permissions.select_related("content_type")
        assert {f"{p.content_type.app_label}.{p.codename}" for p in permissions} == role.permissions


@pytest.mark.django_db
@pytest.mark.parametrize("name", ROLES)
def test_people_may_what_their_role_may(name):
    person = make.user("ada", role=name)
    assert person.get_all_permissions() == ROLES[name].permissions
