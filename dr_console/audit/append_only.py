"""Rows that are written once and never changed. The database's triggers refuse it as well, whoever asks."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


class AppendOnly(Exception):
    """Somebody tried to change or remove what a log says. A mistake in code, never in input."""


class AppendOnlyQuerySet(models.QuerySet[Row]):
    """Refuses what would rewrite the log."""

    def update(self, **fields: Any) -> NoReturn:
        raise AppendOnly("What the log says cannot be changed.")

    def delete(self) -> NoReturn:
        raise AppendOnly("The log cannot be deleted from.")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("What the log says cannot be changed.")


class AppendOnlyModel(models.Model):
    """A line of a log."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly("What the log says cannot be changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("The log cannot be deleted from.")
