"""Incidents, for programs: declare one, list them, ask for one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from ninja import Query, Router, Schema
from ninja.errors import HttpError, ValidationError
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, StringConstraints

from dr_console.errors import Refused
from dr_console.people.api import Bearer
from dr_console.people.models import ApiToken
from dr_console.web.paging import BrokenCursor, Order, keyset_page
from dr_console.web.sentences import sentence
from incidents.api import Problems
from incidents.models import Incident, Service, Severity
from incidents.services import incident as incidents

router = Router(tags=["incidents"])
AHEAD = timedelta(minutes=1)
NEWEST_FIRST = Order("started_at", descending=True)
PROBLEMS = {401: Problems, 403: Problems, 422: Problems, 429: Problems}


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _not_ahead(at: datetime) -> datetime:
    if at > now() + AHEAD:
        raise ValueError("is in the future: is the sender’s clock right?")
    return at


class Declaration(Schema):
    """What is wrong. With the same `client_token` it is the same incident, however often it is sent."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$"),
        AfterValidator(_one_line),
    ] = Field(description="In a few words, as users notice it.")
    severity: Severity | None = Field(
        None, description="P0 to P3. Without it nobody has decided yet, and it is taken for P1."
    )
    service: Annotated[str, StringConstraints(max_length=60)] | None = Field(
        None, description="Key of the service in the plan. Without it: not known, or several."
    )
    client_token: Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[!-~]+$")] | None = Field(
        None, description="Letters of your choice that name this declaration: send it again as often as you like."
    )
    started_at: Annotated[AwareDatetime, AfterValidator(_not_ahead)] | None = Field(
        None, description="Since when, with its time zone. Default: now."
    )
    is_drill: bool = Field(False, description="Nothing is really broken: marked everywhere, and counted apart.")


class ShownIncident(Schema):
    """An incident. `severity` is null while nobody has decided; until then it is taken for `assumed_severity`."""

    reference: str
    url: str
    title: str
    severity: Severity | None
    assumed_severity: Severity
    status: Incident.Status
    service: str | None
    is_drill: bool
    declared: Incident.Origin
    commander: str | None
    merged_into: str | None
    started_at: datetime
    detected_at: datetime | None
    acknowledged_at: datetime | None
    mitigated_at: datetime | None
    recovered_at: datetime | None
    verified_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    postmortem_due_at: datetime | None


class PageOfIncidents(Schema):
    """`next`: the `cursor` of the following page; null on the last one."""

    incidents: list[ShownIncident]
    next: str | None


class Wanted(Schema):
    status: Incident.Status | None = None
    open: bool | None = Field(None, description="true: neither resolved nor closed.")
    severity: Severity | None = None
    service: str | None = None
    is_drill: bool | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 25
    cursor: str = ""


@router.post(
    "/incidents",
    auth=Bearer(ApiToken.Scope.DECLARE_INCIDENTS),
    response={201: ShownIncident, 200: ShownIncident, 409: Problems, **PROBLEMS},
    summary="Declare an incident",
    description="201 for a new one; 200 for the one that was declared with the same client_token before.",
)
def declare(request: HttpRequest, said: Declaration) -> tuple[int, dict[str, Any]]:
    token: ApiToken = request.auth  # type: ignore[attr-defined]  # ninja sets it
    incident, is_new = incidents.declare(
        title=said.title,
        severity=said.severity or "",
        service=_service(said.service),
        by=None,
        origin=Incident.Origin.API,
        why=sentence(gettext_noop("Declared through the API, with the token “%(token)s”"), token=token.name),
        started_at=said.started_at,
        is_practice=said.is_drill,
        client_token=f"token:{token.pk}:{said.client_token}" if said.client_token else "",
    )
    if not is_new and incident.title != said.title:
        names = {"reference": incident.reference}
        raise Refused(_("%(reference)s was declared with this client_token, under another title.") % names)
    return 201 if is_new else 200, shown(incident)


@router.get(
    "/incidents",
    auth=Bearer(ApiToken.Scope.READ_INCIDENTS),
    response={200: PageOfIncidents, 400: Problems, **PROBLEMS},
    summary="List incidents, the newest first",
)
def list_incidents(request: HttpRequest, wanted: Query[Wanted]) -> dict[str, Any]:
    facts = {
        "status": wanted.status,
        "severity": wanted.severity,
        "service__key": wanted.service,
        "is_practice": wanted.is_drill,
    }
    found = _incidents().filter(**{name: value for name, value in facts.items() if value is not None})
    if wanted.open is not None:
        found = found.open() if wanted.open else found.filter(status__in=Incident.OVER)
    try:
        page = keyset_page(found, NEWEST_FIRST, wanted.cursor, rows=wanted.limit)
    except BrokenCursor as error:
        raise HttpError(400, "This cursor is none that the console gave.") from error
    return {"incidents": [shown(one) for one in page.rows], "next": page.next}


@router.get(
    "/incidents/{reference}",
    auth=Bearer(ApiToken.Scope.READ_INCIDENTS),
    response={200: ShownIncident, 404: Problems, **PROBLEMS},
    summary="One incident",
)
def one_incident(request: HttpRequest, reference: str) -> dict[str, Any]:
    incident = _incidents().filter(reference=reference).first()
    if incident is None:
        raise HttpError(404, f"There is no incident {reference}.")
    return shown(incident)


def shown(incident: Incident) -> dict[str, Any]:
    """The facts of an incident as plain values, for the API and for the terminal."""
    facts = {name: getattr(incident, name) for name in ShownIncident.model_fields if hasattr(incident, name)}
    return facts | {
        "url": f"{settings.DR_PUBLIC_URL}{incident.get_absolute_url()}",
        "title": incident.words,
        "severity": incident.severity or None,
        "service": incident.service.key if incident.service else None,
        "is_drill": incident.is_practice,
        "declared": incident.origin,
        "commander": incident.commander.get_username() if incident.commander else None,
        "merged_into": incident.merged_into.reference if incident.merged_into else None,
    }


def _incidents() -> Any:
    return Incident.objects.select_related("service", "commander", "merged_into")


def _service(key: str | None) -> Service | None:
    if not key:
        return None
    found = Service.objects.current().filter(key=key).first()
    if found is None:
        known = ", ".join(Service.objects.current().values_list("key", flat=True))
        problem = f"There is no service “{key}” in the plan. There are: {known or 'none'}."
        raise ValidationError([{"loc": ("body", "said", "service"), "msg": problem}])
    return found
