"""What of paging and of who is on call nobody may overlook: on every page, and at home."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_noop as _

from dr_console.operations.loudness import Alarm
from dr_console.web.sentences import sentence
from incidents.models import Rotation
from incidents.queries.oncall import holes_now
from incidents.queries.overdue import overdue_ladders
from incidents.queries.paging import Loud, loud_now

HOLE = _("Nobody is on call for “%(rotation)s” right now: a page to it goes on to the next level.")


def ladders_that_ran_out() -> list[Alarm]:
    """For every page, with those that should have gone on and do not. Every web process asks every few seconds."""
    stuck = [Alarm(said, reverse("incidents:list")) for said in overdue_ladders()]
    return [*(_alarm(one) for one in loud_now() if one.ran_out), *stuck]


def at_home() -> list[Alarm]:
    """Pages that went to nobody, and rotations without anybody at this moment."""
    return [*(_alarm(one) for one in loud_now() if not one.ran_out), *_holes()]


def _alarm(loud: Loud) -> Alarm:
    return Alarm(loud.said, loud.url, loud.is_practice)


def _holes() -> list[Alarm]:
    keys = {gap.rotation for gap in holes_now()}
    names = Rotation.objects.current().filter(key__in=keys).values_list("name", flat=True) if keys else ()
    return [Alarm(sentence(HOLE, rotation=name), reverse("incidents:oncall")) for name in names]
