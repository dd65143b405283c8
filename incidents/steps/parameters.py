"""What each step can be told in a plan, as schemas; and what is wrong with what it was told, in words."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, TypeVar

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from pydantic import Field, ValidationError, field_validator, model_validator

from dr_console.plans.problems import Path, shown
from dr_console.plans.schema import (
    Count,
    Flag,
    HostName,
    Key,
    Line,
    NoDoubles,
    Number,
    Parameters,
    PlanPart,
    WebAddress,
    Whole,
    said,
    wrong,
)
from dr_console.plans.wording import expectation
from dr_console.runs.registry import Facts
from incidents.models import Failure

Part = TypeVar("Part", bound=PlanPart)
Urls = Annotated[list[WebAddress], NoDoubles, Field(min_length=1, max_length=20)]


class RecordType(StrEnum):
    CNAME = "CNAME"
    A = "A"
    AAAA = "AAAA"


class Severity(StrEnum):
    INFO = "info"
    CRITICAL = "critical"


class Event(StrEnum):
    RECOVERED = "recovered"
    SWITCHED_BACK = "switched_back"
    FAILOVER_FAILED = "failover_failed"


def read(part: type[Part], parameters: Facts) -> Part:
    """Parameters that were checked when the plan was saved. Raises ValidationError."""
    return part.model_validate(parameters)


def problems(part: type[PlanPart], parameters: Facts) -> list[str]:
    """What is wrong with them, each as the end of a sentence that says what was found instead."""
    try:
        part.model_validate(parameters)
    except ValidationError as error:
        return [_sentence(part, dict(details)) for details in error.errors(include_url=False)]
    return []


def _sentence(part: type[PlanPart], details: dict[str, Any]) -> str:
    path: Path = ("parameters", *details["loc"])
    place = " → ".join(str(step + 1) if isinstance(step, int) else str(step) for step in path)
    found = gettext("nothing") if details["type"] == "missing" else shown(details["input"])
    expected = expectation(details, path, part)  # type: ignore[arg-type]
    return gettext("“%(place)s”, which is %(found)s and has to be %(expected)s") % {
        "place": place,
        "found": found,
        "expected": expected,
    }


def _known(capability: str, vendor: str) -> str:
    vendors = settings.DR_PROVIDERS.get(capability, {})
    if vendor not in vendors:
        raise wrong(gettext("one of: %s") % ", ".join(vendors))
    return vendor


class Record(PlanPart):
    name: HostName = said(_("Name"), _("Name that users ask."))
    target: HostName = said(_("Target"), _("Where it is to lead."))
    type: RecordType = said(_("Type"), _("Type of the record."), default="CNAME")
    proxied: Flag | None = said(
        _("Through the CDN"), _("Whether traffic goes through the CDN from then on. Empty: as it is."), default=None
    )


class Names(PlanPart):
    """failover.point_dns, failover.put_dns_back"""

    provider: Line = said(_("Provider"), _("Who keeps the records."), default="cloudflare")
    records: Annotated[list[Record], Field(min_length=1, max_length=50)] = said(
        _("Records"), _("All of them are changed at once, or none is.")
    )

    @field_validator("provider")
    @classmethod
    def _keeps_names(cls, provider: str) -> str:
        return _known("dns", provider)

    @field_validator("records")
    @classmethod
    def _each_once(cls, records: list[Record]) -> list[Record]:
        names = [record.name for record in records]
        if len(set(names)) < len(names):
            raise wrong(gettext("each name only once"))
        return records


class Check(PlanPart):
    """failover.confirm_failure, failover.check_primary"""

    urls: Urls = said(_("Addresses"), _("Health endpoints that are asked."))
    failure: Failure | None = said(_("Kind of failure"), _("What it is the answer to."), default=None)
    stop_when_healthy: Flag = said(
        _("Stop when healthy"),
        _("Whether the run ends, since there is no need, when all of them answer well."),
        default=False,
    )
    healthy_minutes: Annotated[Whole, Field(ge=0, le=24 * 60)] = said(
        _("Healthy for (minutes)"), _("How long they must have been well without a break."), default=0
    )


class Standby(PlanPart):
    """failover.start_deployment, failover.switch_region, failover.switch_endpoint, failover.switch_cdn"""

    urls: Urls = said(_("Addresses"), _("Health endpoints of what is to take over; all must answer well."))
    provider: Line | None = said(_("Provider"), _("Who runs it, where it has to be started there."), default=None)
    project: Line | None = said(
        _("Project"), _("The provider’s name for it. Empty: the standby project of the settings."), default=None
    )
    region: Key | None = said(_("Region"), _("Key of the region that it has to run in."), default=None)
    environment: Line = said(_("Environment"), _("Which of its environments serves users."), default="production")
    force: Flag = said(
        _("Build anew"),
        _("Whether it is built once more although something is ready, which takes minutes."),
        default=False,
    )
    to: HostName | None = said(_("To"), _("Name that users will be led to."), default=None)

    @field_validator("provider")
    @classmethod
    def _runs_deployments(cls, provider: str | None) -> str | None:
        return None if provider is None else _known("deployments", provider)


class Warmth(PlanPart):
    """failover.warm_function"""

    provider: Line = said(_("Provider"), _("Who runs the function."), default="lambda")
    instances: Count = said(_("Instances"), _("How many are kept warm."), default=1)
    urls: Urls = said(_("Addresses"), _("Health endpoints of the function; asking one warms an instance up."))

    @field_validator("provider")
    @classmethod
    def _runs_functions(cls, provider: str) -> str:
        return _known("functions", provider)


class Coolness(PlanPart):
    """failover.put_function_back"""

    provider: Line = said(_("Provider"), _("Who runs the function."), default="lambda")

    @field_validator("provider")
    @classmethod
    def _runs_functions(cls, provider: str) -> str:
        return _known("functions", provider)


class Cache(PlanPart):
    """failover.purge_cdn, failover.invalidate_cdn"""

    provider: Line = said(_("Provider"), _("Whose cache it is."), default="cloudflare")
    everything: Flag = said(_("Everything"), _("All that the cache has."), default=False)
    hosts: Annotated[list[HostName], NoDoubles] = said(_("Host names"), _("All that it has of these."), default=[])
    prefixes: Annotated[list[Line], NoDoubles] = said(
        _("Prefixes"), _("All whose address begins so, without https://."), default=[]
    )
    tags: Annotated[list[Line], NoDoubles] = said(_("Tags"), _("All that carries one of these tags."), default=[])
    urls: Annotated[list[WebAddress], NoDoubles] = said(_("Addresses"), _("Exactly these."), default=[])

    @field_validator("provider")
    @classmethod
    def _is_a_cdn(cls, provider: str) -> str:
        return _known("cdn", provider)

    @model_validator(mode="after")
    def _means_something(self) -> Cache:
        if not (self.everything or self.hosts or self.prefixes or self.tags or self.urls):
            raise wrong(gettext("everything, or at least one host name, prefix, tag or address"))
        return self


class Verification(PlanPart):
    """failover.verify_health"""

    urls: Urls = said(_("Addresses"), _("Public addresses, as users ask them; all must answer well."))
    successes: Count = said(_("Successes"), _("How often in a row each must answer well."), default=3)
    says: Parameters = said(
        _("Says"), _("What the JSON of a good answer has: region: us-west-1. One name at most."), default={}
    )
    through_cdn: Flag | None = said(
        _("Through the CDN"),
        _("Whether the answer has to come through the CDN, or past it. Empty: either."),
        default=None,
    )
    within_seconds: Number | None = said(
        _("Within (seconds)"), _("How long an answer may take. Empty: as long as any health check."), default=None
    )

    @field_validator("says")
    @classmethod
    def _one_at_most(cls, says: Facts) -> Facts:
        if len(says) > 1:
            raise wrong(gettext("one name at most"))
        return says


class Message(PlanPart):
    """failover.notify"""

    event: Event = said(_("Event"), _("What people are told of."))
    severity: Severity = said(
        _("Severity"), _("Critical calls everybody in the first row of the matrix."), default="info"
    )
