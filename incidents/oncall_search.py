"""What the palette (Ctrl-K) offers on the pages of on-call. The plan's own search finds rotations by their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.contrib.auth.models import User
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _

from dr_console.web.navigation import Found, Person
from incidents.models import Rotation, RotationLayer
from incidents.queries.oncall_words import CHANGE, COVER
from incidents.queries.people_of_contacts import contact_of

PAGES = ("oncall", "rotation", "my-shifts")
MOST = 5


def acts_on_call(person: Person, path: str) -> list[Found]:
    """Of the rotation in view; on the other pages of on-call, of every one, as many as a palette can show."""
    return list(_acts(person, _in_view(path)))


def _acts(person: Person, rotations: Iterable[Rotation]) -> Iterator[Found]:
    """What they may do and what can come of it: only a contact is on call, and only who has turns swaps one."""
    me = contact_of(person) if isinstance(person, User) and person.has_perm(COVER) else None
    for rotation in rotations:
        if me:
            yield _act(_("Take on-call now: %(rotation)s"), "oncall-take", rotation, "hand")
        if me and _takes_part(rotation, me.key):
            yield _act(_("Swap a shift: %(rotation)s"), "oncall-swap", rotation, "arrow-up-down")
        if person.has_perm(CHANGE):
            yield _act(_("Put somebody else on call: %(rotation)s"), "oncall-override", rotation, "user")


def _takes_part(rotation: Rotation, contact_key: str) -> bool:
    layers: list[RotationLayer] = list(rotation.layers.all())
    return contact_key in rotation.participants or any(contact_key in layer.participants for layer in layers)


def _act(words: str, page: str, rotation: Rotation, icon: str) -> Found:
    return Found(words % {"rotation": rotation}, reverse(f"incidents:{page}", args=[rotation.key]), "", icon)


def _in_view(path: str) -> list[Rotation]:
    try:
        match = resolve(path)
    except Resolver404:
        return []
    if "incidents" not in match.app_names or match.url_name not in PAGES:
        return []
    rotations = Rotation.objects.current().prefetch_related("layers")
    return list(rotations.filter(key=match.kwargs["key"]) if "key" in match.kwargs else rotations[:MOST])
