"""The two things that can go wrong on purpose."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _


class Refused(Exception):
    """The request breaks a rule of the house. The message is shown to the person as it is, with status 409."""


class Problem(StrEnum):
    """What kind of no a cloud gave. The word is what is stored."""

    REFUSED = "refused"  # it answered, and its answer is an error
    NOT_FOUND = "not_found"  # there is no such thing
    CREDENTIALS = "credentials"  # no token, a wrong or expired one, or one without the right
    THROTTLED = "throttled"  # too many calls, or a quota is used up for now
    UNREACHABLE = "unreachable"  # the request was never sent: no name, no connection
    TIMED_OUT = "timed_out"  # sent, and no answer within the time given
    BROKEN = "broken"  # sent, and the connection broke before the whole answer had come
    GARBLED = "garbled"  # it answered something else than it documents
    FAILED = "failed"  # it accepted, carried it out, and reports that it went wrong
    NOT_IN_TIME = "not_in_time"  # it accepted, and was not done when our time was up
    SETTINGS = "settings"  # ours: something is not set that this needs, or is set to what cannot be


class Outcome(StrEnum):
    """Whether the effect that was asked for may have happened all the same."""

    NOTHING = "nothing"
    UNKNOWN = "unknown"


class ProviderError(Exception):
    """A cloud said no, or said nothing.

    `vendor`: its name as people write it. `operation`: what we wanted, as English words that are translated when shown.
    `status`: of HTTP, if there was one. `code`, `said`: the vendor's own, word for word, without secrets.
    `permanent`: the same request will be refused the same way, so trying again cannot help.
    `outcome`: UNKNOWN if the effect may have happened. `retry_after`: seconds the vendor asks us to wait.
    """

    def __init__(
        self,
        vendor: str,
        operation: str,
        problem: Problem = Problem.REFUSED,
        *,
        status: int | None = None,
        code: str = "",
        said: str = "",
        permanent: bool = False,
        outcome: Outcome = Outcome.NOTHING,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(vendor, operation, problem)
        self.vendor = vendor
        self.operation = operation
        self.problem = problem
        self.status = status
        self.code = code
        self.said = said
        self.permanent = permanent
        self.outcome = outcome
        self.retry_after = retry_after

    def __str__(self) -> str:
        """One or two sentences for people, in the language of the moment."""
        said = ": ".join(part for part in (self.code, self.said) if part)
        sentences = [gettext(SENTENCES[self.problem]) % {"vendor": self.vendor, "operation": gettext(self.operation)}]
        if self.problem is Problem.SETTINGS:
            sentences.append(gettext("See: %(setting)s") % {"setting": said})
        elif self.status or said:
            sentences.append(gettext("It answered: %(answer)s") % {"answer": self._answer})
        if self.outcome is Outcome.UNKNOWN:
            sentences.append(gettext("It may have happened all the same."))
        return " ".join(sentences)

    def words(self) -> tuple[str, dict[str, Any]]:
        """The same as a text and what is filled into it, to be kept as web.sentences does, and translated when read."""
        text = SENTENCES[self.problem]
        names: dict[str, Any] = {"vendor": self.vendor, "operation": {"text": self.operation}}
        if self.problem is Problem.SETTINGS or not self._answer:
            return text, names
        what = {"text": text, "names": names}
        return _("%(what)s It answered: %(answer)s"), {"what": what, "answer": self._answer}

    @property
    def _answer(self) -> str:
        said = ": ".join(part for part in (self.code, self.said) if part)
        return " ".join(part for part in (str(self.status or ""), said) if part)

    def facts(self) -> dict[str, Any]:
        """The error as plain JSON values, for a run's events and for the API."""
        return {
            "vendor": self.vendor,
            "operation": self.operation,
            "problem": self.problem.value,
            "status": self.status,
            "code": self.code,
            "said": self.said,
            "permanent": self.permanent,
            "outcome": self.outcome.value,
            "retry_after": self.retry_after,
        }

    @classmethod
    def from_facts(cls, facts: dict[str, Any]) -> ProviderError:
        """The error again, from what `facts` gave."""
        kept = {**facts, "problem": Problem(facts["problem"]), "outcome": Outcome(facts["outcome"])}
        return cls(kept.pop("vendor"), kept.pop("operation"), kept.pop("problem"), **kept)


SENTENCES = {
    Problem.REFUSED: _("%(vendor)s refused to %(operation)s."),
    Problem.NOT_FOUND: _("%(vendor)s could not %(operation)s: there is no such thing."),
    Problem.CREDENTIALS: _("%(vendor)s did not let us %(operation)s: the credentials are wrong or lack the right."),
    Problem.THROTTLED: _("%(vendor)s would not %(operation)s now: too many calls, or a quota is used up."),
    Problem.UNREACHABLE: _("%(vendor)s could not be reached to %(operation)s; nothing was sent."),
    Problem.TIMED_OUT: _("%(vendor)s did not answer in time when asked to %(operation)s."),
    Problem.BROKEN: _("The connection to %(vendor)s broke when it was asked to %(operation)s."),
    Problem.GARBLED: _("%(vendor)s answered something else than it documents when asked to %(operation)s."),
    Problem.FAILED: _("%(vendor)s tried to %(operation)s, and reports that it failed."),
    Problem.NOT_IN_TIME: _("%(vendor)s was asked to %(operation)s and was not done in the time given."),
    Problem.SETTINGS: _("The console cannot ask %(vendor)s to %(operation)s: a setting is missing or wrong."),
}
