"""Status updates: who is told how often, by what, and in which words they begin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, TypeVar

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from pydantic import AfterValidator

from dr_console.plans.problems import Problem
from dr_console.plans.schema import (
    LANGUAGES,
    Key,
    Minutes,
    NoDoubles,
    PlanPart,
    Prose,
    Text,
    Translated,
    said,
    wrong,
)
from incidents import models
from incidents.plan.people import Target

Words = TypeVar("Words", bound=Translated)

# What may stand between braces in a wording, and is filled in when somebody begins to write.
FILLED_IN = ("service", "title", "reference", "severity", "began")
# An update is read; who has to answer is paged.
READ = (models.ChannelKind.EMAIL, models.ChannelKind.SLACK)


def _known_names(texts: Words) -> Words:
    """Also no brace that stands alone: the words go through str.format."""
    for language in LANGUAGES:
        rest = re.sub(r"\{(" + "|".join(FILLED_IN) + r")\}", "", getattr(texts, language))
        if "{" in rest or "}" in rest:
            names = ", ".join(f"{{{name}}}" for name in FILLED_IN)
            raise wrong(gettext("between braces only %(names)s") % {"names": names})
    return texts


def _read(channel: models.ChannelKind) -> models.ChannelKind:
    if channel not in READ:
        raise wrong(gettext("email or slack: an update is to be read, and calls nobody"))
    return channel


Filled = AfterValidator(_known_names)


class Cadence(PlanPart):
    severity: models.Severity = said(_("Severity"), _("Of which incidents. One that is left out has no cadence."))
    every_minutes: Minutes = said(
        _("Every (minutes)"), _("How long the audience waits for the next word, counted from the last one.")
    )


class Wording(PlanPart):
    stage: models.Stage = said(_("Stage"), _("How far the incident is that these words are for."))
    headline: Annotated[Text, Filled] = said(
        _("Headline"), _("The first line: {service}, {title}, {reference}, {severity} and {began} are filled in.")
    )
    conditions: Annotated[Prose, Filled] | None = said(
        _("Conditions"), _("What is so: what users notice, and since when."), default=None
    )
    actions: Annotated[Prose, Filled] | None = said(_("Actions"), _("What is being done about it."), default=None)
    needs: Annotated[Prose, Filled] | None = said(_("Needs"), _("What is asked of those who read it."), default=None)


class UpdatePolicy(PlanPart):
    key: Key = said(_("Key"), _("Name of the entry in this file."))
    audience: models.Audience = said(_("Audience"), _("Who reads these updates. Each audience has one entry."))
    name: Text = said(_("Name"), _("What people call this audience."))
    targets: Annotated[list[Target], NoDoubles] = said(
        _("Who"), _("“rotation:” or “contact:” and a key. Empty: everybody in the matrix of the severity."), default=[]
    )
    channels: Annotated[list[Annotated[models.ChannelKind, AfterValidator(_read)]], NoDoubles] = said(
        _("Channels"), _("How they are sent: email, slack. Empty: by no message."), default=[]
    )
    cadences: list[Cadence] = said(_("Cadence"), _("How often they are owed an update, by severity."), default=[])
    wordings: list[Wording] = said(_("Wordings"), _("What an update begins with, by stage."), default=[])


def audiences_once(policies: list[UpdatePolicy]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for policy in policies:
        if policy.audience in first:
            expected = gettext("an audience that no other entry has; “%s” has this one") % first[policy.audience]
            yield Problem(("status_updates", policy.key, "audience"), expected, f"“{policy.audience}”")
        first.setdefault(policy.audience, policy.key)
