"""A sign of life to a dead man's switch outside, every minute, and only after an audit found nothing overdue.

A console that is down cannot say so itself. Nor may one say that all is well while a page waits that nobody sends:
it is silent then, and whoever keeps the switch raises the alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.errors import ProviderError
from dr_console.operations import engine
from dr_console.operations.models import HeartbeatOut
from dr_console.web.sentences import Sentence, sentence, spoken

EVERY = timedelta(minutes=1)
# Two could be lost on their way before whoever keeps the switch has to be asked.
OLD_AFTER = 3 * EVERY
THE_ROW = 1
STOPPED = _("Escalations have not been looked at for more than 30 seconds.")

_auditors: list[str] = []


def register(auditor: str) -> None:
    """Have the function of that dotted path asked what is overdue: it returns Sentences. For AppConfig.ready()."""
    _auditors.append(auditor)


@dataclass(frozen=True)
class Switch:
    """How the dead man's switch stands. `is_old`: the last sign of life that was taken is three minutes old or more."""

    is_set: bool
    sent_at: datetime | None = None
    looked_at: datetime | None = None
    withheld: tuple[Sentence, ...] = ()
    error: ProviderError | None = None
    is_old: bool = False

    @property
    def withheld_words(self) -> list[str]:
        """In the language of the moment."""
        return [spoken(said) for said in self.withheld]


def switch() -> Switch:
    """One query."""
    if not settings.DR_DEADMAN_URL:
        return Switch(is_set=False)
    row = HeartbeatOut.objects.filter(pk=THE_ROW).first()
    if row is None:
        return Switch(is_set=True)
    error = ProviderError.from_facts(row.error) if row.error else None
    is_old = row.sent_at is None or now() - row.sent_at >= OLD_AFTER
    return Switch(True, row.sent_at, row.looked_at, tuple(row.withheld), error, is_old)


def overdue() -> list[Sentence]:
    """What should have happened by now and has not."""
    stopped = [sentence(STOPPED)] if engine.reading().level is engine.Level.STOPPED else []
    return stopped + [said for path in _auditors for said in import_string(path)()]
