"""What programs may tell of incidents and of what leads to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils.timezone import now
from ninja import Router, Schema
from pydantic import AwareDatetime, ConfigDict, Field, FiniteFloat, field_validator, model_validator

from dr_console.people.api import Bearer
from dr_console.people.models import ApiToken
from incidents.models import Threshold
from incidents.services import samples

router = Router(tags=["incidents"])
MOST_SAMPLES = 1000
AHEAD = timedelta(minutes=1)
PERCENT = {Threshold.Metric.AVAILABILITY, Threshold.Metric.ERROR_RATE}


class PushedSample(Schema):
    """One measurement of the whole product. Two with the same metric and time are the same, whoever sends it again."""

    model_config = ConfigDict(extra="forbid")

    metric: Threshold.Metric = Field(description="What was measured.")
    value: Annotated[FiniteFloat, Field(ge=0)] = Field(
        description="In percent (availability, error rate), milliseconds (response times) or requests a second."
    )
    at: AwareDatetime | None = Field(None, description="When, with its time zone: 2026-11-22T14:30:00Z. Default: now.")
    count: Annotated[int, Field(ge=1, le=1_000_000_000)] = Field(
        1, description="How many observations it stands for: its weight in the mean over the window."
    )

    @field_validator("at")
    @classmethod
    def _not_at_another_time(cls, at: Any) -> Any:
        if at is not None and at > now() + AHEAD:
            raise ValueError("is in the future: is the sender’s clock right?")
        if at is not None and at < now() - samples.KEPT:
            raise ValueError(f"is longer ago than samples are kept ({samples.KEPT.days} days)")
        return at

    @model_validator(mode="after")
    def _a_share_of_the_whole(self) -> PushedSample:
        if self.metric in PERCENT and self.value > 100:
            raise ValueError(f"value: {self.metric} is a percentage, from 0 to 100")
        return self


class Batch(Schema):
    model_config = ConfigDict(extra="forbid")

    samples: Annotated[list[PushedSample], Field(min_length=1, max_length=MOST_SAMPLES)]


class Receipt(Schema):
    """`known`: how many of them the console had already."""

    received: int
    known: int


class Problem(Schema):
    where: str
    problem: str


class Problems(Schema):
    error: str
    problems: list[Problem] = []


@router.post(
    "/samples",
    auth=Bearer(ApiToken.Scope.PUSH_SAMPLES),
    response={200: Receipt, 401: Problems, 403: Problems, 422: Problems, 429: Problems},
    summary="Push measured values",
    description="All of them are kept, or none. To send the same again is harmless.",
)
def push_samples(request: HttpRequest, batch: Batch) -> dict[str, int]:
    token: ApiToken = request.auth  # type: ignore[attr-defined]  # ninja sets it
    measured = [samples.Measured(one.metric, one.value, one.at, one.count) for one in batch.samples]
    new = samples.receive(measured, token=token)
    return {"received": len(measured), "known": len(measured) - new}
