"""Ladders that should have gone on by now, for the audit before each sign of life."""

from __future__ import annotations

from datetime import timedelta

from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.web.sentences import Sentence, sentence
from incidents.models import Escalation

LATE_AFTER = timedelta(seconds=60)
# Counted no further: more of them would say nothing else.
MOST = 100
LADDERS = _("Escalations that should have gone on more than a minute ago: %(count)s.")


def overdue_ladders() -> list[Sentence]:
    """One query."""
    due = Escalation.objects.filter(status__in=Escalation.DUE, next_at__lt=now() - LATE_AFTER)
    count = len(due.values_list("pk", flat=True)[:MOST])
    return [sentence(LADDERS, count=count)] if count else []
