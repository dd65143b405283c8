"""Ladders that may take longer than the recovery can wait, and who has taken that so by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from dr_console.plans.doubts import Doubt
from dr_console.web.times import duration
from incidents.models import PolicyAcceptance, Severity

SECTION = "escalation_policies"
# Only these are held to the recovery target.
HELD = (Severity.P0, Severity.P1)


def last_level_minutes(waits: list[int]) -> int:
    """When the last level of the first round is paged if nobody answers: all levels before it let their time pass.

    `waits`: of every level, in minutes, the lowest rung first.
    """
    return sum(waits[:-1])


def newest_acceptances() -> dict[str, PolicyAcceptance]:
    """By key of the policy."""
    newest = PolicyAcceptance.objects.order_by().values("policy_key").annotate(newest=Max("pk")).values("newest")
    rows = PolicyAcceptance.objects.filter(pk__in=newest).select_related("by", "plan_version")
    return {row.policy_key: row for row in rows}


def covers(acceptance: PolicyAcceptance | None, reached: int, within: int) -> bool:
    """Whether what was accepted was no better than this. Both in minutes."""
    return acceptance is not None and reached <= acceptance.last_level_minutes and within >= acceptance.within_minutes


def doubts(content: Mapping[str, Any]) -> Iterator[Doubt]:
    """What of a plan, as JSON has it, nobody has accepted. Without objectives nothing is too slow."""
    objectives = content.get("objectives")
    if not objectives:
        return
    rto: int = objectives["rto_minutes"]
    slow = [one for one in content.get(SECTION, []) if _is_slow(one, rto)]
    accepted = newest_acceptances() if slow else {}
    for policy in slow:
        reached, within = _reached(policy), rto - policy["reserved_minutes"]
        if not covers(accepted.get(policy["key"]), reached, within):
            words = warning(policy["severity"], reached, within, rto)
            yield Doubt(SECTION, policy["key"], words, (policy["severity"], reached, within))


def warning(severity: str, reached: int, within: int, rto: int) -> str:
    """Why it is too slow, in the reader's language. All in minutes from the beginning of the incident."""
    names = {
        "severity": severity,
        "reached": duration(timedelta(minutes=reached)),
        "rto": duration(timedelta(minutes=rto)),
        "reserved": duration(timedelta(minutes=rto - within)),
        "within": duration(timedelta(minutes=within)),
    }
    if within <= 0:
        whole = _(
            "%(severity)s: %(reserved)s of a recovery target of %(rto)s are reserved for the recovery itself: no "
            "ladder, however quick, leaves time for it. The last level is paged after %(reached)s."
        )
        return whole % names
    paged = _("%(severity)s: if nobody answers, the last level is paged after %(reached)s.") % names
    needed = _(
        "It would have to be paged in less than %(within)s: the recovery target is %(rto)s, of which %(reserved)s are "
        "reserved for the recovery itself."
    )
    return f"{paged} {needed % names}"


def _is_slow(policy: Mapping[str, Any], rto: int) -> bool:
    return policy["severity"] in HELD and _reached(policy) >= rto - policy["reserved_minutes"]


def _reached(policy: Mapping[str, Any]) -> int:
    return last_level_minutes([level["wait_minutes"] for level in policy["levels"]])
