"""What of PagerDuty's answers we read: https://developer.pagerduty.com/api-reference/."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from dr_console.providers.capabilities import paging


class Reference(BaseModel):
    id: str
    summary: str | None = None
    name: str | None = None

    @property
    def title(self) -> str:
        return self.name or self.summary or self.id


class User(Reference):
    email: str = ""


class _Assignment(BaseModel):
    assignee: Reference


class _Acknowledgement(BaseModel):
    acknowledger: Reference


class Incident(BaseModel):
    id: str
    incident_number: int
    title: str
    status: paging.PageState
    created_at: datetime
    incident_key: str | None = None
    html_url: str | None = None
    assignments: list[_Assignment] = Field(default_factory=list)
    acknowledgements: list[_Acknowledgement] = Field(default_factory=list)

    def paged(self) -> paging.Paged:
        return paging.Paged(
            self.id,
            self.incident_number,
            self.title,
            self.status,
            self.incident_key or "",
            self.html_url or "",
            self.created_at,
            tuple(one.assignee.title for one in self.assignments),
            tuple(one.acknowledger.title for one in self.acknowledgements),
        )


class Note(BaseModel):
    id: str
    content: str
    created_at: datetime
    user: Reference

    def note(self) -> paging.Note:
        return paging.Note(self.id, self.content, self.user.title, self.created_at)


class OnCall(BaseModel):
    user: Reference
    escalation_policy: Reference
    escalation_level: int
    schedule: Reference | None = None
    end: datetime | None = None

    def on_call(self) -> paging.OnCall:
        schedule = self.schedule.title if self.schedule else ""
        policy = self.escalation_policy.title
        return paging.OnCall(self.user.id, self.user.title, self.escalation_level, policy, schedule, self.end)


class _DeliveryMethod(BaseModel):
    url: str | None = None
    secret: str | None = Field(default=None, repr=False)


class Subscription(BaseModel):
    id: str
    active: bool
    events: list[str]
    delivery_method: _DeliveryMethod

    def subscription(self) -> paging.Subscription:
        method = self.delivery_method
        return paging.Subscription(self.id, method.url or "", tuple(self.events), self.active, method.secret or "")


class Paging(BaseModel):
    more: bool = False
