"""Who is logged in, with what they chose, in one query a request."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import User


class PeopleBackend(AuthenticationBackend):
    """allauth's, which checks passwords; it differs only in how the person of a session is read."""

    def get_user(self, user_id: int) -> User | None:
        person = User.objects.select_related("preferences").filter(pk=user_id).first()
        return person if person and self.user_can_authenticate(person) else None
