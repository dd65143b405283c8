"""What all commands have in common: they are done once, on what the person saw, and leave a trace."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from dr_console.audit.services import record
from dr_console.errors import Refused
from dr_console.runs.changes import Change, changing
from dr_console.runs.models import Command, Run, Step


@dataclass(frozen=True)
class Order:
    """Who says so, why, having seen which version of the run (None: none), and the token of the button pressed."""

    by: User | None
    reason: str = ""
    expected_version: int | None = None
    client_token: str | None = None


@contextmanager
def commanding(
    run: Run, verb: str, order: Order, step: Step | None = None, action: str = "run.commanded"
) -> Iterator[Change]:
    """One transaction in which a person tells a run something. Raises Refused on what has changed meanwhile."""
    with changing(run.pk) as change:
        if order.expected_version is not None and change.run.version != order.expected_version:
            raise Refused(_("The run has changed since you looked at it. Look again, and then decide."))
        if was_given(order.client_token):
            # By the same button, pressed twice at the same instant: the first was in time.
            raise Refused(_("This has been done already."))
        mine = change.by_id.get(step.pk) if step else None
        Command.objects.create(
            run=change.run,
            step=mine,
            verb=verb,
            by=order.by,
            reason=order.reason[:500],
            client_token=order.client_token or secrets.token_urlsafe(16),
        )
        after = {"verb": verb, "step": mine.key if mine else "", "reason": order.reason}
        record(action, by=order.by, target=change.run.code, after=after)
        change.run.version += 1
        change.log("command", step=mine, by=order.by, verb=verb, reason=order.reason)
        yield change


def was_given(client_token: str | None) -> bool:
    """Whether this button was pressed before: then nothing is done, and nothing refused."""
    return client_token is not None and Command.objects.filter(client_token=client_token).exists()
