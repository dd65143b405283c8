"""What steps and runs say of themselves: sentences that are stored, and read in the reader's language."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_noop as _

from dr_console.errors import Problem, ProviderError
from dr_console.runs.failures import Verdict
from dr_console.runs.models import Step
from dr_console.web.sentences import Sentence, sentence


def of_error(error: ProviderError) -> Sentence:
    """The error, to be stored."""
    text, names = error.words()
    return sentence(text, **names)


def of_failure(error: ProviderError, verdict: Verdict, until: datetime) -> Sentence:
    """What went wrong, and what comes of it."""
    why = of_error(error)
    if verdict.state != Step.State.RETRY_WAIT:
        return why
    if error.problem is Problem.THROTTLED:
        text = _("Held back by %(vendor)s until %(until)s UTC: too many calls. It goes on by itself then.")
        return sentence(text, vendor=error.vendor, until=f"{until:%H:%M:%S}")
    if verdict.keeps_intent:
        return sentence(_("%(why)s Looking whether it did, before anything is sent again."), why=why)
    return sentence(_("%(why)s Once more at %(until)s UTC."), why=why, until=f"{until:%H:%M:%S}")


NOT_SEEN = _("It was accepted %(seconds)s s ago, and is still not seen to have taken effect.")
OUT_OF_TIME = _("It was not so within the %(seconds)s s that it had.")
CANNOT_TELL = _("An earlier try may have been carried out, and it cannot be seen whether it was. A person has to look.")
NOT_DONE = _("It was not carried out, and no try is left.")
SETTLING = _("The answer was lost. Looking again at %(until)s UTC, when it would show if it was carried out.")
WAITS_FOR_RUN = _("Waits for run %(run)s, which is changing %(what)s.")
KILL_SWITCH = _("The kill switch “%(name)s” is on: nothing is changed until somebody releases it.")
HANDED_BACK = _("Stopped here. It looks again before it goes on.")
NOT_ANY_MORE = _("Stopped, because the run was.")
UNKNOWN_FUNCTION = _("This console does not know how to do “%(does)s”.")
BROKEN = _("The console itself failed in the middle of it: %(error)s")
ACTING = _("Doing it …")
VERIFYING = _("Done; looking whether it took effect …")
WAS_SO = _("It was so already.")
ADOPTED = _("An earlier try had done it.")
SEEN = _("Done, and seen to be so.")
