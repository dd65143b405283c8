"""Messages in a chat that are to say what became of them: who has answered, and that nothing is left to press.

A service asks for it in its transaction; whoever looks for messages that are due carries it out, within two seconds.
"""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from functools import lru_cache

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext_noop as _

from dr_console.errors import ProviderError
from dr_console.notifications import bundles
from dr_console.notifications.channels import slack
from dr_console.notifications.models import Channel, Delivery, MessageEdit
from dr_console.notifications.purposes import Answer, Reply, Wish
from dr_console.operations.clock import shared_now
from dr_console.providers.deadlines import Deadline
from dr_console.web.sentences import Sentence, sentence, spoken

log = structlog.get_logger(__name__)

State = Delivery.State
CALL_SECONDS = 8.0
LEASE = timedelta(seconds=20)
PAUSES = (5, 15, 60, 300)
# One that is being sent has no place yet; it may still be changed once it has.
MAY_STAND = Q(state__in=(State.SENT, State.DELIVERED, State.ACKNOWLEDGED, State.UNKNOWN)) | Q(
    state__in=(State.SENDING, State.QUEUED), handed_over_at__isnull=False
)
MOST_AT_ONCE = 20


# --- Ask for it -----------------------------------------------------------------------------------
def answered(delivery: Delivery, answer: Answer, reply: Reply) -> None:
    """Say in the chat who has answered, by whatever way. Called in the transaction of the answer."""
    together = Delivery.objects.filter(group=delivery.group) if delivery.group else _only(delivery)
    is_open = bundles.may_be_answered(delivery)
    if answer.wish is Wish.ACKNOWLEDGE and reply.is_done:
        said = sentence(_("Acknowledged by %(who)s, %(when)s UTC"), who=answer.by, when=f"{shared_now():%H:%M}")
        ask(together, said, may_be_answered=is_open)
    elif delivery.channel == Channel.SLACK:
        ask(_only(delivery), reply.said, may_be_answered=is_open)


def closed(group: str, said: Sentence | None = None) -> None:
    """Nobody needs to answer any more. Called in the transaction that ends it; what says who has answered stays."""
    told = MessageEdit.objects.filter(delivery__group=group, may_be_answered=False).values("delivery")
    rest = Delivery.objects.filter(group=group).exclude(pk__in=told)
    ask(rest, said or sentence(_("Nobody needs to answer any more.")), may_be_answered=False)


def ask(deliveries: QuerySet[Delivery], said: Sentence, *, may_be_answered: bool) -> int:
    """Those of `deliveries` that stand in a chat are to say `said` as well. Returns how many."""
    standing = deliveries.filter(MAY_STAND, channel=Channel.SLACK).exclude(purpose="").order_by("pk")
    pks = list(standing.values_list("pk", flat=True))
    fresh = {"said": said, "may_be_answered": may_be_answered, "attempts": 0, "ended_at": None, "error": None}
    known = MessageEdit.objects.filter(delivery__in=pks)
    known.update(version=F("version") + 1, **fresh)
    new = set(pks) - set(known.values_list("delivery_id", flat=True))
    MessageEdit.objects.bulk_create([MessageEdit(delivery_id=pk, **fresh) for pk in sorted(new)])
    return len(pks)


def _only(delivery: Delivery) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk=delivery.pk)


# --- Carry it out ---------------------------------------------------------------------------------
def look() -> None:
    """Start on what is due, unless this process is at it already. Quick; any number of processes may call it."""
    _editor(os.getpid()).look()


class _Editor:
    """A thread of its own: a chat that hangs keeps nobody else waiting."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="edits")
        self._at_work: Future[int] | None = None

    def look(self) -> None:
        if (self._at_work is None or self._at_work.done()) and due().exists():
            self._at_work = self._thread.submit(_carry_out_all)


@lru_cache(maxsize=4)
def _editor(process: int) -> _Editor:
    """One for each process: a thread does not survive a fork."""
    return _Editor()


def due() -> QuerySet[MessageEdit]:
    return MessageEdit.objects.filter(ended_at=None, not_before__lte=shared_now())


def carry_out_due() -> int:
    """Carry out what is due, the oldest first; returns how many."""
    return sum(map(carry_out, list(due().order_by("not_before", "pk").values_list("pk", flat=True)[:MOST_AT_ONCE])))


def carry_out(pk: int) -> bool:
    """Change one message. False where somebody else is at it, or nothing is to be done."""
    edit = MessageEdit.objects.select_related("delivery").filter(pk=pk, ended_at=None).first()
    if edit is None or not _claim(edit):
        return False
    try:
        _change(edit)
    except ProviderError as error:
        _not_changed(edit, error)
    return True


def _carry_out_all() -> int:
    try:
        return carry_out_due()
    except DatabaseError as error:
        log.warning("messages are changed later: the database does not answer", error=str(error).strip())
        return 0
    finally:
        connection.close()


def _claim(edit: MessageEdit) -> bool:
    at = shared_now()
    mine = MessageEdit.objects.filter(pk=edit.pk, version=edit.version, attempts=edit.attempts, not_before__lte=at)
    edit.attempts += 1
    return bool(mine.update(not_before=at + LEASE, attempts=F("attempts") + 1))


def _change(edit: MessageEdit) -> None:
    delivery = edit.delivery
    if slack.place_of(delivery) is None:
        _without_a_place(edit)
        return
    with translation.override(delivery.language):
        said = spoken(edit.said)
    may_be_answered = edit.may_be_answered
    slack.change(delivery, said, may_be_answered=may_be_answered, deadline=Deadline.after(CALL_SECONDS))
    _end(edit)


def _without_a_place(edit: MessageEdit) -> None:
    """It is still being sent, or was written by an incoming webhook, which can change nothing."""
    if edit.delivery.state in (State.SENDING, State.QUEUED) and edit.attempts <= len(PAUSES):
        _again(edit, PAUSES[edit.attempts - 1])
    else:
        _end(edit)


def _not_changed(edit: MessageEdit, error: ProviderError) -> None:
    log.info("a message in a chat could not be changed", delivery=edit.delivery_id, error=str(error))
    if error.permanent or edit.attempts > len(PAUSES):
        _end(edit, error)
    else:
        _again(edit, max(error.retry_after or 0, PAUSES[edit.attempts - 1]), error)


@transaction.atomic
def _end(edit: MessageEdit, error: ProviderError | None = None) -> None:
    facts = error.facts() if error else None
    mine = MessageEdit.objects.filter(pk=edit.pk, version=edit.version)
    at = shared_now()  # no longer taken: whatever is asked for next is due at once
    if not mine.update(ended_at=at, not_before=at, error=facts):
        # Somebody has asked for another text meanwhile, and waits for us.
        MessageEdit.objects.filter(pk=edit.pk).update(not_before=at)


def _again(edit: MessageEdit, seconds: float, error: ProviderError | None = None) -> None:
    facts = error.facts() if error else None
    MessageEdit.objects.filter(pk=edit.pk, version=edit.version).update(
        not_before=shared_now() + timedelta(seconds=seconds), error=facts
    )
