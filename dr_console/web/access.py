"""Who may open a view. A refusal knows which permission was missing: the page names the roles that have it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.utils.functional import Promise

from dr_console.roles import ROLES

View = TypeVar("View", bound=Callable[..., Any])


class PermissionMissing(PermissionDenied):
    """The person lacks `permission`, written "app_label.codename"."""

    def __init__(self, permission: str) -> None:
        super().__init__(permission)
        self.permission = permission


def needs(permission: str) -> Callable[[View], View]:
    """Answer 403 to a person without `permission`. Stands below @require_POST and the like."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
            if not request.user.has_perm(permission):
                raise PermissionMissing(permission)
            return view(request, *args, **kwargs)

        return guarded  # type: ignore[return-value]  # wraps() keeps the signature, mypy cannot see it

    return decorate


def roles_that_may(permission: str) -> list[str | Promise]:
    """Labels of the roles that have the permission, the humblest first."""
    return [role.label for role in ROLES.values() if permission in role.permissions]
