"""Read-only checks of every vendor: does the token work, has it the rights, do the named things exist."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.module_loading import import_string
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from dr_console.credentials import NAMES
from dr_console.errors import Problem, ProviderError
from dr_console.providers.deadlines import Deadline

log = logging.getLogger("dr_console.providers")


class State(StrEnum):
    """The word is what is stored."""

    OK = "ok"
    FAILED = "failed"  # it answered, and something is wrong
    UNKNOWN = "unknown"  # it could not be found out
    NOT_SET = "not_set"  # a setting is empty that this needs


@dataclass(frozen=True)
class Finding:
    """One read-only check and its answer.

    `vendor`: a key of CHECKS ("cloudflare"). `subject`: English marked by gettext_noop and translated when shown, with
    `names` filled in: "The record %(name)s exists". `said`: what was found, either marked likewise or a vendor's own
    words; or `error` says it. Nothing in it is secret.
    """

    vendor: str
    subject: str
    state: State
    said: str = ""
    names: dict[str, str] = field(default_factory=dict)
    error: ProviderError | None = None

    def __str__(self) -> str:
        return _filled_in(self.subject, self.names)

    @property
    def words(self) -> str:
        """What was found, in the language of the moment; may be empty."""
        return str(self.error) if self.error else _filled_in(self.said, self.names)


def _filled_in(text: str, names: dict[str, str]) -> str:
    translated = gettext(text) if text else ""
    # A check that failed before it knew the name leaves it out.
    return translated % defaultdict(lambda: "…", names) if "%(" in text else translated


Check = Callable[[Deadline], Iterable[Finding]]

# By vendor: where its module keeps CHECKS, a tuple of Check.
CHECKS: dict[str, str] = {
    "cloudflare": "dr_console.providers.cloudflare.checks.CHECKS",
    "vercel": "dr_console.providers.vercel.checks.CHECKS",
    "aws": "dr_console.providers.aws.checks.CHECKS",
    "r2": "dr_console.providers.aws.object_checks.R2_CHECKS",
    "s3": "dr_console.providers.aws.object_checks.S3_CHECKS",
    "github": "dr_console.providers.git_checks.CHECKS",
    "codecommit": "dr_console.providers.aws.codecommit_checks.CHECKS",
    "pagerduty": "dr_console.providers.pagerduty.checks.CHECKS",
    "slack": "dr_console.providers.slack.checks.CHECKS",
    "twilio": "dr_console.providers.twilio.checks.CHECKS",
    "voice": "dr_console.providers.voice_webhook_checks.CHECKS",
    "robots": "dr_console.providers.robots.checks.CHECKS",
    "mail": "dr_console.providers.mail_checks.CHECKS",
    "search": "dr_console.providers.search_index.CHECKS",
    "prometheus": "dr_console.providers.prometheus.CHECKS",
}
# Which of the vendors in dr_console/credentials.py each of them is made of, where that is not the one of its name.
ROBOTS = ("feishu", "dingtalk", "wecom", "teams", "mattermost")
CREDENTIALS_OF: dict[str, tuple[str, ...]] = {"mail": (), "prometheus": (), "s3": ("aws",), "robots": ROBOTS}
LABELS: dict[str, str] = {
    **NAMES,
    "robots": _("Robots of chat rooms"),
    "s3": "AWS S3",
    "mail": _("Mail"),
    "prometheus": "Prometheus",
}
SECONDS_EACH = 20.0
SIDE_BY_SIDE = 8

_WHOLE = _("The checks can be carried out")


def check_all(vendors: Iterable[str] = (), *, deadline: Deadline) -> list[Finding]:
    """Carry out the checks of these vendors, of all by default, side by side; in the order of CHECKS.

    Never raises: what goes wrong is a Finding.
    """
    wanted = [vendor for vendor in CHECKS if not vendors or vendor in set(vendors)]
    found: dict[str, list[Finding]] = {}
    work = [(vendor, check) for vendor in wanted for check in _checks(vendor, found.setdefault(vendor, []))]
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE, thread_name_prefix="check") as pool:
        ends = [
            (vendor, check, pool.submit(copy_context().run, _carry_out, check, deadline.no_later_than(SECONDS_EACH)))
            for vendor, check in work
        ]
        for vendor, check, end in ends:
            found[vendor] += _ended(vendor, check, end)
    return [finding for vendor in wanted for finding in found[vendor]]


def _carry_out(check: Check, deadline: Deadline) -> tuple[list[Finding], ProviderError | None]:
    """What a check found, and what it raised after that."""
    findings: list[Finding] = []
    try:
        findings.extend(check(deadline))
    except ProviderError as error:
        return findings, error
    return findings, None


def _ended(vendor: str, check: Check, end: Future[tuple[list[Finding], ProviderError | None]]) -> list[Finding]:
    if mistake := end.exception():  # of ours: it must not hide what the other checks found
        log.error("A check of %s broke down", vendor, exc_info=mistake)
        return [Finding(vendor, subject_of(check), State.UNKNOWN, type(mistake).__name__)]
    findings, error = end.result()
    return [*findings, finding_of(error, vendor, subject_of(check))] if error else findings


def subject_of(check: Check) -> str:
    """What a check is about where it could not say so itself: its attribute `subject`."""
    return getattr(check, "subject", _WHOLE)


def about(subject: str) -> Callable[[Check], Check]:
    """Decorates a check with what it is about, for where it raises."""

    def mark(check: Check) -> Check:
        setattr(check, "subject", subject)  # noqa: B010 (mypy knows no attributes of functions)
        return check

    return mark


def finding_of(error: ProviderError, vendor: str, subject: str, **names: str) -> Finding:
    """What an error says about `subject`: for the except clause of a check that goes on after it."""
    return Finding(vendor, subject, _state(error), names=names, error=error)


def _state(error: ProviderError) -> State:
    if error.problem is Problem.SETTINGS:
        return State.NOT_SET
    answered = (Problem.REFUSED, Problem.NOT_FOUND, Problem.CREDENTIALS, Problem.FAILED)
    return State.FAILED if error.problem in answered and error.permanent else State.UNKNOWN


def _checks(vendor: str, found: list[Finding]) -> Iterator[Check]:
    try:
        yield from import_string(CHECKS[vendor])
    except ImportError:
        log.exception("The checks of %s cannot be loaded", vendor)
        found.append(Finding(vendor, _WHOLE, State.UNKNOWN, CHECKS[vendor]))
