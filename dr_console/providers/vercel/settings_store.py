"""Vercel's Global Config, which was called Edge Config. https://vercel.com/docs/global-config"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext_noop as _
from pydantic import BaseModel

from dr_console.errors import Problem, ProviderError
from dr_console.providers.capabilities.settings_store import Item, Version
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Answer
from dr_console.providers.vercel.wire import VENDOR, Moment, Vercel, as_list, at

_READ = _("read the setting")
_READ_ALL = _("read the settings store")
_WRITE = _("write the setting")
_DELETE = _("delete the setting")
_LIST = _("list the settings store’s versions")
_READ_VERSION = _("read a version of the settings store")
_RESTORE = _("restore a version of the settings store")

# The new name first; an account that does not know it yet answers 404 or 410.
NAMES = ("global-config", "edge-config")


class _ItemShape(BaseModel):
    key: str
    value: Any
    updatedAt: Moment

    def item(self) -> Item:
        return Item(self.key, self.value, self.updatedAt)


class _VersionShape(BaseModel):
    id: str
    lastModified: Moment


class _Page(BaseModel):
    class _Pagination(BaseModel):
        hasNext: bool
        next: str | None = None

    backups: list[_VersionShape]
    pagination: _Pagination


class _Value(BaseModel):
    value: Any


class _Backup(BaseModel):
    items: dict[str, _Value]


class _WholeVersion(_VersionShape):
    backup: _Backup


class _Done(BaseModel):
    status: str


_ITEMS = as_list(_ItemShape)


class VercelSettingsStore(Vercel):
    """The SettingsStore that DR_VERCEL_GLOBAL_CONFIG names."""

    # Which of NAMES an API answers to, by its address: found out once a process.
    _known: ClassVar[dict[str, str]] = {}

    def item(self, key: str, *, deadline: Deadline) -> Item:
        answer = self._ask("GET", "item", key, operation=_READ, deadline=deadline)
        if answer.text.strip() in ("", "null"):
            # So it is where the store is there and the key is not; a 404 is documented as well.
            raise ProviderError(VENDOR, _READ, Problem.NOT_FOUND, status=answer.status, said=key, permanent=True)
        return answer.read_as(_ItemShape).item()

    def items(self, *, deadline: Deadline) -> dict[str, Item]:
        answer = self._ask("GET", "items", operation=_READ_ALL, deadline=deadline)
        return {shape.key: shape.item() for shape in answer.read_as(_ITEMS)}

    def write(self, values: Mapping[str, Any], *, deadline: Deadline) -> None:
        self._change(
            [{"operation": "upsert", "key": key, "value": value} for key, value in values.items()], _WRITE, deadline
        )

    def delete(self, *keys: str, deadline: Deadline) -> None:
        """Vercel refuses to delete what is not there, and then deletes nothing."""
        there = self.items(deadline=deadline)
        self._change([{"operation": "delete", "key": key} for key in keys if key in there], _DELETE, deadline)

    def versions(self, *, limit: int = 20, deadline: Deadline) -> list[Version]:
        found: list[Version] = []
        following: dict[str, str] = {}
        while len(found) < limit:
            params = {"limit": str(min(limit, 50)), **following}
            answer = self._ask("GET", "backups", operation=_LIST, deadline=deadline, params=params)
            page = answer.read_as(_Page)
            found += [Version(shape.id, shape.lastModified) for shape in page.backups]
            if not page.pagination.hasNext or not page.pagination.next or not page.backups:
                break
            following = {"next": page.pagination.next}
        return found[:limit]

    def version(self, id: str, *, deadline: Deadline) -> Version:
        shape = self._ask("GET", "backups", id, operation=_READ_VERSION, deadline=deadline).read_as(_WholeVersion)
        return Version(shape.id, shape.lastModified, {key: kept.value for key, kept in shape.backup.items.items()})

    def restore(self, id: str, *, deadline: Deadline) -> None:
        answer = self._ask("POST", "backups", id, "restore", operation=_RESTORE, deadline=deadline, harmless=True)
        _must_be_ok(answer)

    def _change(self, items: list[dict[str, Any]], operation: str, deadline: Deadline) -> None:
        if items:
            answer = self._ask(
                "PATCH", "items", operation=operation, deadline=deadline, json={"items": items}, harmless=True
            )
            _must_be_ok(answer)

    def _ask(self, method: str, *parts: str, operation: str, deadline: Deadline, **options: Any) -> Answer:
        id = credential("vercel", "global_config", operation=operation)
        url = settings.DR_VENDOR_URLS["vercel"]
        first_no: ProviderError | None = None
        for name in self._names(url):
            try:
                answer = self.call(
                    method, at("v1", name, id, *parts), operation=operation, deadline=deadline, **options
                )
            except ProviderError as error:
                if error.problem is not Problem.NOT_FOUND:
                    raise
                first_no = first_no or error
            else:
                self._known[url] = name
                return answer
        assert first_no is not None
        raise first_no

    def _names(self, url: str) -> Iterable[str]:
        return (self._known[url],) if url in self._known else NAMES


def _must_be_ok(answer: Answer) -> None:
    if answer.read_as(_Done).status != "ok":
        answer.is_garbled("status is not “ok”. ")
