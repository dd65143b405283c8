"""What the plan says about itself, its objectives, its regions and its services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from pydantic import Field

from dr_console.plans.problems import Problem
from dr_console.plans.schema import (
    Day,
    Days,
    HostName,
    Key,
    Line,
    Minutes,
    NoDoubles,
    Number,
    PlanPart,
    Prose,
    Text,
    WebAddress,
    Whole,
    refers_to,
    said,
)
from incidents import models


class About(PlanPart):
    name: Text = said(_("Name"), _("What the plan is called."))
    description: Prose | None = said(_("Description"), _("What the plan is for, in a few sentences."), default=None)
    owner: Text = said(_("Owner"), _("The team or person who keeps the plan true."))
    reviewed_on: Day = said(_("Reviewed on"), _("Day on which somebody last went through the whole plan."))
    review_every_days: Days = said(_("Review every (days)"), _("After how many days it has to be gone through again."))


class Objectives(PlanPart):
    rto_minutes: Minutes = said(
        _("RTO (minutes)"), _("Recovery time objective: a failure has to be over in less than this.")
    )
    rpo_minutes: Minutes = said(
        _("RPO (minutes)"), _("Recovery point objective: at most the data of this long may be lost.")
    )
    availability_percent: Annotated[Number, Field(gt=0, le=100)] = said(
        _("Availability (%)"), _("Share of a month in which the service has to be usable: 99.95 leaves 22 minutes.")
    )


class Region(PlanPart):
    key: Key = said(_("Key"), _("Name of the region in this file, and in type-to-confirm questions."))
    name: Text = said(_("Name"), _("Where it is, for people."))
    role: models.Region.Role = said(_("Role"), _("Exactly one region is primary."))
    provider: Line = said(_("Provider"), _("Who runs the machines."))
    provider_region: Line | None = said(
        _("Provider’s region"), _("What the provider itself calls the place, such as hnd1."), default=None
    )
    status: models.Region.Status = said(
        _("Status"),
        _("Whether it serves users now (active), could at once (standby) or has to be started first (cold_standby)."),
    )


class ServiceEndpoint(PlanPart):
    region: Annotated[Key, refers_to("regions")] = said(_("Region"), _("Key of the region that answers."))
    via: models.ServiceEndpoint.Via = said(
        _("Way"),
        _("Whether the address leads through the CDN or straight to the origin: comparing both finds the fault."),
    )
    url: WebAddress = said(_("Address"), _("Health endpoint that is asked with GET."))
    expected_status: Annotated[Whole, Field(ge=100, le=599)] = said(
        _("Expected status"), _("HTTP status of a healthy answer."), default=200
    )


class Service(PlanPart):
    key: Key = said(_("Key"), _("Name of the service in this file."))
    name: Text = said(_("Name"), _("Name of the service for people."))
    description: Prose | None = said(_("Description"), _("What it does, and what users lose without it."), default=None)
    hostnames: Annotated[list[HostName], NoDoubles] = said(
        _("Host names"), _("Names under which users reach it."), default=[]
    )
    endpoints: list[ServiceEndpoint] = said(
        _("Health endpoints"), _("One for each region and way that can be asked."), default=[]
    )


def one_primary(regions: list[Region]) -> Iterator[Problem]:
    primary = [region.key for region in regions if region.role == models.Region.Role.PRIMARY]
    if not primary:
        yield Problem(("regions",), gettext("exactly one region with the role “primary”"), gettext("none"))
    for key in primary[1:]:
        yield Problem(
            ("regions", key, "role"),
            gettext("only one primary region, which is “%(first)s” already") % {"first": primary[0]},
            "“primary”",
        )
