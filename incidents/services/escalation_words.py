"""What the ladder's events say, as sentences to keep."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop as _

from dr_console.web.sentences import Sentence, sentence
from incidents.ladder import Absent, Happened, Kind, Reach
from incidents.queries.callees import Why

VIA = {
    "page": _("on the console"),
    "phone": _("by phone"),
    "email": _("by e-mail"),
    "link": _("by the link in a message"),
    "slack": _("in Slack"),
    "pagerduty": _("in PagerDuty"),
}
BY_ANOTHER_WAY = _("by a message")
WHY = {
    Why.NOBODY_ON_CALL: _("nobody is on call in “%(name)s”"),
    Why.GONE: _("“%(name)s” is not in the plan any more"),
    Why.NO_CHANNEL: _("%(name)s has no channel that can be used"),
}


def way(via: str) -> Sentence:
    return sentence(VIA.get(via, BY_ANOTHER_WAY))


def clock(at: datetime) -> str:
    return f"{at:%H:%M:%S}"


def names(reach: Reach) -> str:
    return ", ".join(one.name for one in reach.people)


def why_none(reach: Reach) -> list[Sentence]:
    return [_why(one) for one in reach.absent]


def _why(one: Absent) -> Sentence:
    return sentence(WHY[Why(one.why)], name=one.name)


def said(happened: Happened, *, why: Sentence | None = None) -> Sentence:
    """The event in one sentence. Levels and rounds are counted from 1, times are UTC. `why`: of paging anew."""
    words = SAYS[happened.kind](happened)
    return _joined([words, why]) if why and happened.kind == Kind.REARMED else words


def _armed(_happened: Happened) -> Sentence:
    return sentence(_("Paging begins"))


def _level_started(one: Happened) -> Sentence:
    facts: dict[str, Any] = {"level": one.level + 1, "round": one.round + 1, "people": names(one.reach)}
    quiet = min((who.not_before for who in one.reach.people if who.not_before), default=None)
    if quiet is not None and one.reach.heard_at(one.at) > one.at:
        text = _("Level %(level)s is paged: %(people)s. They have quiet hours: it is sent at %(at)s UTC")
        return sentence(text, **facts, at=f"{one.reach.heard_at(one.at):%Y-%m-%d %H:%M}")
    if one.round:
        return sentence(_("Level %(level)s is paged in round %(round)s: %(people)s"), **facts)
    return sentence(_("Level %(level)s is paged: %(people)s"), **facts)


def _nobody(one: Happened) -> Sentence:
    reasons = why_none(one.reach)
    if not reasons:
        text = _("Level %(level)s went to nobody, for it names nobody: the next level is paged at once")
        return sentence(text, level=one.level + 1)
    text = _("Level %(level)s went to nobody: %(why)s. The next level is paged at once")
    return sentence(text, level=one.level + 1, why=_joined(reasons))


def _no_channel(one: Happened) -> Sentence:
    fallen_back = [person for person in one.reach.people if person.is_fallback]
    if fallen_back:
        text = _("None of level %(level)s’s channels reaches %(people)s: another one is used")
        return sentence(text, level=one.level + 1, people=", ".join(person.name for person in fallen_back))
    text = _("Not everybody of level %(level)s could be paged: %(why)s")
    return sentence(text, level=one.level + 1, why=_joined(why_none(one.reach)))


def _joined(reasons: list[Sentence]) -> Sentence:
    found, *rest = reasons
    for one in rest:
        found = sentence(_("%(one)s; %(other)s"), one=found, other=one)
    return found


def _round_started(one: Happened) -> Sentence:
    return sentence(_("Nobody has answered: round %(round)s begins"), round=one.round + 1)


def _exhausted(one: Happened) -> Sentence:
    if one.reach.people:
        text = _("The ladder ran out, and nobody has answered. The last resort is paged: %(people)s")
        return sentence(text, people=names(one.reach))
    return sentence(_("The ladder ran out, and nobody has answered. There is no last resort: call somebody"))


def _acknowledged(one: Happened) -> Sentence:
    given = one.acknowledgement
    facts = {"name": given.name if given else "", "way": way(given.via if given else "")}
    if one.missing:
        text = _("%(name)s acknowledges %(way)s; %(missing)s more must do so at this level")
        return sentence(text, **facts, missing=one.missing)
    return sentence(_("%(name)s acknowledges %(way)s"), **facts)


def _reminded(one: Happened) -> Sentence:
    text = _("No progress is shown yet. Write how it goes, or paging goes on at %(at)s UTC")
    return sentence(text, at=clock(one.until or one.at))


def _expired(_one: Happened) -> Sentence:
    return sentence(_("Whoever acknowledged has shown no progress: paging goes on"))


def _escalated(one: Happened) -> Sentence:
    return sentence(_("%(name)s asks for the next level"), name=one.by)


def _snoozed(one: Happened) -> Sentence:
    return sentence(_("%(name)s puts paging off until %(at)s UTC"), name=one.by, at=clock(one.until or one.at))


def _resumed(_one: Happened) -> Sentence:
    return sentence(_("Paging goes on where it stood"))


def _rearmed(one: Happened) -> Sentence:
    if one.by:
        return sentence(_("%(name)s has everybody paged anew"), name=one.by)
    return sentence(_("Paging begins anew"))


def _stopped(_one: Happened) -> Sentence:
    return sentence(_("Paging ends"))


SAYS: dict[str, Callable[[Happened], Sentence]] = {
    Kind.ARMED: _armed,
    Kind.LEVEL_STARTED: _level_started,
    Kind.NOBODY_AT_LEVEL: _nobody,
    Kind.NO_CHANNEL: _no_channel,
    Kind.ROUND_STARTED: _round_started,
    Kind.EXHAUSTED: _exhausted,
    Kind.ACKNOWLEDGED: _acknowledged,
    Kind.REMINDED: _reminded,
    Kind.ACK_EXPIRED: _expired,
    Kind.ESCALATED: _escalated,
    Kind.SNOOZED: _snoozed,
    Kind.RESUMED: _resumed,
    Kind.REARMED: _rearmed,
    Kind.STOPPED: _stopped,
}
