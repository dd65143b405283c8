"""What happened on the telephone: a key, which is an answer, and how far the call got, which is none."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from dr_console.notifications import offers, services
from dr_console.notifications.models import Channel, Delivery
from dr_console.notifications.purposes import Answer
from dr_console.notifications.services import Report
from dr_console.notifications.together import write_together
from dr_console.providers.capabilities.phone import CallState
from dr_console.web.sentences import Sentence, sentence, spoken

MACHINE, HUMAN = "machine", "human"
NOT_TAKEN = {
    CallState.BUSY: _("The line was busy."),
    CallState.NO_ANSWER: _("Nobody picked up."),
    CallState.FAILED: _("The number could not be reached."),
    CallState.CANCELED: _("The call was cancelled before anybody picked up."),
}
UNDER_WAY = {
    CallState.QUEUED: _("The call is queued."),
    CallState.RINGING: _("It rings."),
    CallState.IN_PROGRESS: _("The line was picked up, by a person or by a voicemail."),
}
VOICEMAIL = _("A voicemail took the call, which is no answer.")
NO_KEY = _("The call ended without a key being pressed, which is no answer.")
HEARD = _("A person took the call.")
OVER = _("The call has ended.")
ENDED = _("The call has ended; nobody can tell who took it.")


@dataclass(frozen=True)
class Heard:
    """What is said to whoever pressed a key. `asks_again`: because it was none of those that mean something."""

    said: str
    asks_again: bool = False


def press(delivery: Delivery, digits: str) -> Heard:
    """Do what the key means. A key that means nothing shows that a person is there, and they are asked again."""
    wish = offers.KEYS.get(digits[:1])
    if wish is None or wish not in offers.wishes(delivery):
        return _asked_again(delivery, digits)
    # They know what was so when they were called: what they are read was written then.
    as_of = delivery.handed_over_at or delivery.created_at
    answer = Answer(wish, delivery.recipient or delivery.address, Channel.PHONE, as_of)
    reply = services.answer(delivery, answer)
    with translation.override(delivery.language):
        return Heard(spoken(reply.said))


def _asked_again(delivery: Delivery, digits: str) -> Heard:
    if digits:
        services.reported(delivery, Report.DELIVERED, said=sentence(_("They pressed %(key)s."), key=digits[:20]))
    with translation.override(delivery.language):
        return Heard(gettext("That key means nothing here."), asks_again=True)


def report(delivery: Delivery, state: CallState, answered_by: str, *, seq: int) -> bool:
    """Keep how far the call got. One that nobody took has failed: the next channel of the same person is tried.

    `answered_by`: "human", "machine", or "" where nobody can tell. `seq`: of the report, from 1.
    """
    what, said = became(state, answered_by, was_asked=bool(offers.question(delivery)))
    if state.is_final and delivery.state in (Delivery.State.DELIVERED, Delivery.State.ACKNOWLEDGED):
        what, said = Report.NOTED, sentence(OVER)
    # A storm of calls is one of reports: those that come at the same time share a commit.
    return write_together(partial(services.reported, delivery, what, seq=seq, said=said))


def became(state: CallState, answered_by: str, *, was_asked: bool) -> tuple[Report, Sentence]:
    """Pure. Where a key was asked for, only a key counts: a voicemail that nobody recognised completes a call too."""
    if state in UNDER_WAY:
        return Report.NOTED, sentence(UNDER_WAY[state])
    if state in NOT_TAKEN:
        return Report.FAILED, sentence(NOT_TAKEN[state])
    if answered_by == MACHINE:
        return Report.FAILED, sentence(VOICEMAIL)
    if was_asked:
        return Report.FAILED, sentence(NO_KEY)
    if answered_by == HUMAN:
        return Report.DELIVERED, sentence(HEARD)
    return Report.NOTED, sentence(ENDED)
