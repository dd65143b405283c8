"""People in the palette (Ctrl-K), for those who manage them."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q
from django.urls import reverse

from dr_console.web.navigation import Found


def find_people(person: User | AnonymousUser, text: str) -> Iterable[Found]:
    """A few whose login, name or address has the text in it."""
    if not person.has_perm("people.manage"):
        return
    anywhere = Q(username__icontains=text) | Q(first_name__icontains=text) | Q(email__icontains=text)
    for found in User.objects.filter(anywhere).order_by("username")[:5]:
        yield Found(
            found.username, reverse("people:detail", args=[found.username]), hint=found.get_full_name(), icon="user"
        )
