"""The way to Vercel's API: token, team, errors and paging. https://vercel.com/docs/rest-api"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from django.conf import settings
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _
from pydantic import BaseModel, BeforeValidator, TypeAdapter

from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Answer, Wire, Words

VENDOR = "Vercel"
PER_PAGE = 100
MOST_PAGES = 100

_FIND_OUT_THE_ID = _("read the project")

T = TypeVar("T")


def _moment(milliseconds: Any) -> Any:
    """Vercel gives times in milliseconds since 1970."""
    if isinstance(milliseconds, int | float) and not isinstance(milliseconds, bool):
        try:
            return datetime.fromtimestamp(milliseconds / 1000, UTC)
        except (ValueError, OverflowError, OSError):
            raise ValueError("should be a time in milliseconds") from None
    raise ValueError("should be a time in milliseconds")


Moment = Annotated[datetime, BeforeValidator(_moment)]


class Pagination(BaseModel):
    next: int | None = None


def at(*parts: str) -> str:
    """The path of these parts, each quoted: at("v9", "projects", name)."""
    return "/" + "/".join(quote(part, safe="") for part in parts)


class Vercel:
    """Calls with the token of the settings, as its team. Nothing is read from the settings before the first call."""

    def call(
        self,
        method: str,
        path: str,
        *,
        operation: str,
        deadline: Deadline,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        harmless: bool | None = None,
        sensitive: bool = False,
        hidden: str = "",
    ) -> Answer:
        """As Wire.call. `hidden`: what is sent and must not come back in Vercel's words."""
        token = credential("vercel", "token", operation=operation)
        params = {**(params or {}), "teamId": credential("vercel", "team_id", operation=operation)}
        wire = Wire(
            VENDOR,
            settings.DR_VENDOR_URLS["vercel"],
            headers={"Authorization": f"Bearer {token}"},
            secrets=[token],
            refusal=partial(_refusal, hidden=hidden),
        )
        return wire.call(
            method,
            path,
            operation=operation,
            deadline=deadline,
            params=params,
            json=json,
            harmless=harmless,
            sensitive=sensitive,
        )

    def pages(
        self, path: str, *, operation: str, deadline: Deadline, params: Mapping[str, Any], sensitive: bool = False
    ) -> Iterator[Answer]:
        """Every page of a list, which goes on where `pagination.next` says, until that is null."""
        until: dict[str, Any] = {}
        for _page in range(MOST_PAGES):
            answer = self.call(
                "GET", path, operation=operation, deadline=deadline, params={**params, **until}, sensitive=sensitive
            )
            yield answer
            following = answer.read_as(_Paged).pagination
            if following is None or following.next is None or until == {"until": following.next}:
                return
            until = {"until": following.next}

    def project_id(self, project: str, *, deadline: Deadline) -> str:
        """Some calls want the id of a project, and the settings may hold its name."""
        if project.startswith("prj_"):
            return project
        answer = self.call("GET", at("v9", "projects", project), operation=_FIND_OUT_THE_ID, deadline=deadline)
        return answer.read_as(str, at="id")


def its_time(answer: Answer) -> datetime:
    """What time it is at Vercel, whose moments are held against it: our own clock may be wrong."""
    try:
        return parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return now()


class _Paged(BaseModel):
    pagination: Pagination | None = None


def as_list(kind: type[T]) -> TypeAdapter[list[T]]:
    return TypeAdapter(list[kind])  # type: ignore[valid-type]


def without(text: str, hidden: str) -> str:
    return text.replace(hidden, "•••") if hidden else text


def _refusal(status: int, body: Any, *, hidden: str) -> Words | None:
    if status < 400:
        return None
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return Words()
    return Words(without(str(error.get("code", "")), hidden), without(str(error.get("message", "")), hidden))
