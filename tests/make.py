"""Make the objects that tests start from. Plain functions: give only what the test is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group, Permission, User


def user(username: str = "ada", *, role: str | None = None, may: Iterable[str] = (), **fields: Any) -> User:
    """A person with the password "secret". `may` names permissions: "change_plan" or "plans.change_plan"."""
    someone = User.objects.create_user(username, f"{username}@example.com", "secret", **fields)
    if role is not None:
        if not Group.objects.filter(name=role).exists():
            from dr_console.people.services import sync_roles  # noqa: PLC0415 (until everybody has it)

            sync_roles()
        someone.groups.add(Group.objects.get(name=role))
    for name in may:
        app, _, codename = name.rpartition(".")
        wanted = Permission.objects.filter(codename=codename, **({"content_type__app_label": app} if app else {}))
        someone.user_permissions.add(*wanted)
    return someone
