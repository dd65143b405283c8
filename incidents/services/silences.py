"""Hold alerts back for a time, and say what alerts with certain labels mean."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max
from django.utils.timezone import now
from django.utils.translation import gettext as _

from dr_console.audit.services import record as audit
from dr_console.errors import Refused
from dr_console.live.publish import nudge
from incidents.models import Alert, AlertRule, AlertSource, Silence

LONGEST = timedelta(days=30)
# Each is looked at for every alert.
MOST_RULES = 100


@transaction.atomic
def begin(
    *,
    matchers: list[list[str]],
    source: AlertSource | None,
    starts_at: datetime | None,
    minutes: int,
    reason: str,
    by: User,
) -> Silence:
    """Alerts with these labels open no incident for so many minutes, from now on or from `starts_at` on."""
    length, at = timedelta(minutes=minutes), now()
    if not timedelta(0) < length <= LONGEST:
        raise Refused(_("A silence lasts from a minute to thirty days."))
    if not matchers and source is None:
        raise Refused(_("Say which alerts are meant: a source, or labels."))
    begins = max(starts_at or at, at)
    silence = Silence.objects.create(
        matchers=matchers, source=source, starts_at=begins, ends_at=begins + length, reason=reason[:500], by=by
    )
    after = {"where": matchers, "source": source.key if source else "", "until": silence.ends_at.isoformat()}
    audit("silence.begun", by=by, target=f"silence {silence.pk}", after={**after, "reason": reason})
    nudge("console", "alerts")
    return silence


@transaction.atomic
def end(silence: Silence, *, by: User) -> None:
    """From now on. What was held back and still fires is looked at anew within a second or two."""
    at = now()
    mine = Silence.objects.filter(pk=silence.pk, ends_at__gt=at)
    # One that has not begun yet never will.
    if not mine.filter(starts_at__gt=at).update(starts_at=at, ends_at=at) and not mine.update(ends_at=at):
        raise Refused(_("This silence is over already."))
    Alert.objects.firing().filter(silence=silence, held_until__isnull=False).update(held_until=at)
    audit("silence.ended", by=by, target=f"silence {silence.pk}")
    nudge("console", "alerts")


@transaction.atomic
def add_rule(*, by: User, **fields: Any) -> AlertRule:
    """Behind those that there are: the first that holds decides."""
    if AlertRule.objects.count() >= MOST_RULES:
        raise Refused(_("There are %(count)s rules already: more are looked at by nobody.") % {"count": MOST_RULES})
    last = AlertRule.objects.aggregate(last=Max("position"))["last"]
    rule = AlertRule.objects.create(position=0 if last is None else last + 1, **fields)
    _tell("alert_rule.added", rule, by)
    return rule


@transaction.atomic
def change_rule(rule: AlertRule, *, by: User, **fields: Any) -> AlertRule:
    rule = AlertRule.objects.select_for_update().get(pk=rule.pk)
    before = _facts(rule)
    for field, value in fields.items():
        setattr(rule, field, value)
    rule.save(update_fields=list(fields))
    _tell("alert_rule.changed", rule, by, before=before)
    return rule


@transaction.atomic
def move_rule(rule: AlertRule, *, up: bool, by: User) -> None:
    """One place up or down; at the end of the list nothing happens."""
    rules = list(AlertRule.objects.select_for_update())
    here = rules.index(rule)
    there = here - 1 if up else here + 1
    if not 0 <= there < len(rules):
        return
    rules[here], rules[there] = rules[there], rules[here]
    for position, one in enumerate(rules):
        one.position = position
    AlertRule.objects.bulk_update(rules, ["position"])
    _tell("alert_rule.moved", rule, by)


@transaction.atomic
def remove_rule(rule: AlertRule, *, by: User) -> None:
    _tell("alert_rule.removed", rule, by, before=_facts(rule))
    rule.delete()


def _tell(action: str, rule: AlertRule, by: User, before: dict[str, Any] | None = None) -> None:
    audit(action, by=by, target=f"alert rule {rule.name}", before=before, after=_facts(rule))
    nudge("console", "alert-rules")


def _facts(rule: AlertRule) -> dict[str, Any]:
    return {
        "where": rule.matchers,
        "source": rule.source.key if rule.source else "",
        "action": rule.action,
        "severity": rule.severity,
        "service": rule.service.key if rule.service else "",
    }
