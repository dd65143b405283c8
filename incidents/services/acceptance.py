"""Keep who took a ladder as it is that may take longer than the recovery can wait."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from dr_console.audit.services import record
from dr_console.errors import Refused
from dr_console.live.publish import nudge
from dr_console.plans.doubts import Acceptance, Doubt, is_name_of
from dr_console.plans.services import current_version
from incidents.models import PolicyAcceptance
from incidents.queries.acceptance import doubts


def accept(doubt: Doubt, acceptance: Acceptance) -> PolicyAcceptance:
    """In the transaction that saves the plan."""
    severity, reached, within = doubt.facts
    kept = PolicyAcceptance.objects.create(
        policy_key=doubt.key,
        severity=str(severity),
        last_level_minutes=int(reached),
        within_minutes=int(within),
        by=acceptance.by,
        name=acceptance.name[:200],
        plan_version=acceptance.version,
    )
    after = {"severity": severity, "last level after (min)": reached, "needed within (min)": within}
    record("escalation.accepted", by=acceptance.by, target=f"escalation policy {doubt.key}", after=after)
    nudge("console", "plan")
    return kept


@transaction.atomic
def accept_as_it_is(policy_key: str, *, by: User, name: str, seen: str) -> PolicyAcceptance:
    """Accept a ladder that is in the plan already. `seen`: the warning's `fingerprint`, as the person saw it.

    Refused where it says something else by now, or nothing, or where the name is not the person's.
    """
    version = current_version()
    found = list(doubts(version.content)) if version else []
    doubt = next((one for one in found if one.key == policy_key), None)
    if version is None or doubt is None:
        raise Refused(_("There is nothing to accept about this ladder any more."))
    if fingerprint(doubt) != seen:
        raise Refused(_("The ladder has changed since you saw it. Look at it again."))
    if not is_name_of(by, name):
        raise Refused(_("Write your own name: %(name)s.") % {"name": by.get_full_name() or by.get_username()})
    return accept(doubt, Acceptance(by, name.strip(), version))


def fingerprint(doubt: Doubt) -> str:
    """What is warned of, short enough for a form's field."""
    return "-".join(str(fact) for fact in doubt.facts)
