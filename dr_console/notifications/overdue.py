"""Messages that should have been sent by now, for the audit before each sign of life."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.notifications.models import Delivery
from dr_console.web.sentences import Sentence, sentence

LATE_AFTER = timedelta(seconds=60)
MOST = 100
MESSAGES = _("Messages that should have been sent more than a minute ago: %(count)s.")


def overdue_messages() -> list[Sentence]:
    """One query. What is held back on purpose is due later; what failed is no longer due."""
    before = now() - LATE_AFTER
    waiting = Q(state=Delivery.State.QUEUED, bundled_into=None, not_before__lt=before)
    left = Q(state=Delivery.State.SENDING, lease_until__lt=before)
    count = len(Delivery.objects.filter(waiting | left).values_list("pk", flat=True)[:MOST])
    return [sentence(MESSAGES, count=count)] if count else []
