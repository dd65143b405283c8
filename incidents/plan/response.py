"""Metric thresholds, the checklist and the incident report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from dr_console.plans.problems import Problem
from dr_console.plans.schema import (
    Flag,
    Key,
    Line,
    Minutes,
    NoDoubles,
    Number,
    PlanPart,
    Prose,
    Seconds,
    Text,
    Whole,
    refers_to,
    said,
    wrong,
)
from incidents import models

METRICS = {
    "availability": ("below", "percent"),
    "response_time_p50": ("above", "milliseconds"),
    "response_time_p95": ("above", "milliseconds"),
    "response_time_p99": ("above", "milliseconds"),
    "error_rate": ("above", "percent"),
    "throughput": ("below", "requests_per_second"),
}
PERCENTILES = ("response_time_p50", "response_time_p95", "response_time_p99")


class Threshold(PlanPart):
    key: Key = said(_("Key"), _("Name of the threshold in this file."))
    name: Text = said(_("Name"), _("What the alert is called."))
    metric: models.Threshold.Metric = said(_("Metric"), _("What is measured."))
    comparison: models.Threshold.Comparison = said(_("Comparison"), _("On which side of the value it alerts."))
    value: Number = said(_("Value"), _("The value from which on it alerts."))
    unit: models.Threshold.Unit = said(_("Unit"), _("Unit of the value."))
    window_seconds: Seconds | None = said(
        _("Window (seconds)"), _("How long the mean is taken over. Empty: every measurement by itself."), default=None
    )
    alert_channel: models.ChannelKind = said(_("Alert goes to"), _("Channel of the alert."))
    degradation: Annotated[Key, refers_to("degradation_levels")] | None = said(
        _("Degradation level"), _("Set while it is crossed, and put back after it. Empty: none."), default=None
    )

    @field_validator("comparison")
    @classmethod
    def _the_bad_side(cls, comparison: str, info: ValidationInfo) -> str:
        bad_side, _unit = METRICS.get(info.data.get("metric", ""), (comparison, ""))
        if comparison != bad_side:
            raise wrong(gettext("“%(side)s” for this metric") % {"side": bad_side})
        return comparison

    @field_validator("unit")
    @classmethod
    def _its_unit(cls, unit: str, info: ValidationInfo) -> str:
        _side, own = METRICS.get(info.data.get("metric", ""), ("", unit))
        if unit != own:
            raise wrong(gettext("“%(unit)s” for this metric") % {"unit": own})
        return unit

    @field_validator("value")
    @classmethod
    def _a_share_of_the_whole(cls, value: float, info: ValidationInfo) -> float:
        if METRICS.get(info.data.get("metric", ""), ("", ""))[1] == "percent" and not 0 < value < 100:
            raise wrong(gettext("a percentage between 0 and 100"))
        if value == 0:
            raise wrong(gettext("a number over 0"))
        return value


def percentiles_in_order(thresholds: list[Threshold]) -> Iterator[Problem]:
    """Fewer requests may be slower than p99 than than p50, so p50's limit cannot be the higher one."""
    for threshold in thresholds:
        if threshold.metric not in PERCENTILES:
            continue
        higher = PERCENTILES[PERCENTILES.index(threshold.metric) + 1 :]
        limits = [other.value for other in thresholds if other.metric in higher]
        if limits and threshold.value > min(limits):
            expected = gettext("at most %(limit)g, the limit of a higher percentile") % {"limit": min(limits)}
            yield Problem(("thresholds", threshold.key, "value"), expected, f"{threshold.value:g}")


class ChecklistItem(PlanPart):
    key: Key = said(_("Key"), _("Name of the item in this checklist."))
    text: Text = said(_("Text"), _("What is to be done, in one line."))
    role: models.ChecklistTemplateItem.Role = said(
        _("Role"), _("Who of the response team does it."), default="commander"
    )
    due_minutes: Minutes | None = said(
        _("Due after (minutes)"), _("Counted from the beginning of the incident. Empty: no time is set."), default=None
    )
    action: models.ItemAction | None = said(
        _("Leads to"),
        _("What the item opens or does, and what ticks it by itself. Empty: people tick it."),
        default=None,
    )
    condition: models.ItemCondition | None = said(
        _("Condition"), _("When the item is to be done. Empty: always."), default=None
    )


class Checklist(PlanPart):
    key: Key = said(_("Key"), _("Name of the checklist in this file."))
    name: Text = said(_("Name"), _("What the checklist is called."))
    severities: Annotated[list[models.Severity], NoDoubles] = said(
        _("Severities"),
        _("Which incidents get it, unless another list names their kind of failure. Empty: all."),
        default=[],
    )
    failures: Annotated[list[models.Failure], NoDoubles] = said(
        _("Kinds of failure"),
        _("For which kinds of failure. The list that says most exactly what it is for is taken. Empty: all."),
        default=[],
    )
    items: Annotated[list[ChecklistItem], Field(min_length=1)] = said(
        _("Items"), _("What nobody may forget, in order.")
    )


def _pattern(text: str) -> str:
    number = r"\{number(?::0[1-9])?\}"
    whole = re.fullmatch(rf"(?:[A-Za-z0-9-]|\{{year\}}|{number})+", text)
    if not whole or text.count("{year}") != 1 or len(re.findall(number, text)) != 1:
        raise wrong(
            gettext("letters, digits and hyphens around {year} and {number:03}, such as INC-{year}-{number:03}")
        )
    return text


class ReportSection(PlanPart):
    key: Key = said(_("Key"), _("Name of the section in this template."))
    heading: Text = said(_("Heading"), _("Heading of the section."))
    body: Prose | None = said(
        _("Text to start from"), _("What the section says before anybody has written."), default=None
    )
    filled_by: models.ReportSection.FilledBy = said(
        _("Filled in by"), _("Whether the console measures it, or people write it.")
    )


class PostmortemRule(PlanPart):
    severity: models.Severity = said(_("Severity"), _("Which incidents it is about. One that is not named owes none."))
    days: Annotated[Whole, Field(ge=1, le=366)] = said(
        _("Within (days)"), _("Counted from when the incident is resolved.")
    )
    working_days_only: Flag = said(
        _("Working days only"), _("Whether Saturdays and Sundays are left out."), default=False
    )


def _each_severity_once(rules: list[PostmortemRule]) -> list[PostmortemRule]:
    severities = [rule.severity for rule in rules]
    for severity in severities:
        if severities.count(severity) > 1:
            raise wrong(gettext("each severity at most once, but %(severity)s is there twice") % {"severity": severity})
    return rules


class ReportTemplate(PlanPart):
    name: Text = said(_("Name"), _("What the report is called."))
    reference_pattern: Annotated[Line, Field(max_length=60), AfterValidator(_pattern)] = said(
        _("Pattern of the reference"),
        _("How incidents are numbered: {year} and {number}, with leading zeros as {number:03}."),
    )
    sections: list[ReportSection] = said(_("Sections"), _("What the report has to tell, in order."), default=[])
    postmortems: Annotated[list[PostmortemRule], AfterValidator(_each_severity_once)] = said(
        _("Postmortems"), _("After which incidents one is owed, and by when."), default=[]
    )
