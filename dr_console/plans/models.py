"""Numbered versions of the plan, and what every row of the current plan has in common."""

from __future__ import annotations

from typing import Any, TypeVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

Row = TypeVar("Row", bound=models.Model, covariant=True)


class PlanVersion(models.Model):
    """One state of the whole plan, kept for ever: incidents and drills say which one they followed."""

    number = models.PositiveIntegerField(_("version"), unique=True, help_text="1, 2, 3 … without a gap.")
    at = models.DateTimeField(_("loaded at"), default=now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("loaded by"),
        help_text="Empty when the console did it itself.",
    )
    source = models.CharField(_("source"), max_length=200, help_text="Name of the file, or “browser”.")
    note = models.CharField(_("note"), max_length=500, blank=True)
    content = models.JSONField(help_text="The whole plan, as its schema writes it.")
    sha256 = models.CharField(max_length=64, help_text="Of the content as canonical JSON: equal plans have equal sums.")

    class Meta:
        ordering = ["-number"]
        default_permissions = ()
        permissions = [
            ("view_plan", "Can read the plan"),
            ("change_metadata", "Can change what the plan says about itself"),
            ("change_plan", "Can change the plan"),
        ]

    def __str__(self) -> str:
        return f"v{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A version of the plan never changes. Load a new one.")
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("plans:version", args=[self.number])

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("A version of the plan is kept for ever.")


class PlanRowQuerySet(models.QuerySet[Row]):
    def current(self) -> PlanRowQuerySet[Row]:
        """Only what the newest version of the plan names."""
        return self.filter(retired_at__isnull=True)


class PlanEntryManager(models.Manager[Row]):
    def get_queryset(self) -> PlanRowQuerySet[Row]:
        return PlanRowQuerySet(self.model, using=self._db)

    def current(self) -> PlanRowQuerySet[Row]:
        return self.get_queryset().current()


class PlanChildManager(models.Manager[Row]):
    def get_queryset(self) -> PlanRowQuerySet[Row]:
        return PlanRowQuerySet(self.model, using=self._db).current()


class PlanRow(models.Model):
    """A row that the plan gave. It is retired, never deleted: what once referred to it still can."""

    position = models.PositiveIntegerField(_("position"), help_text="Place in the plan, counted from 0.")
    retired_at = models.DateTimeField(
        null=True, blank=True, help_text="When a new version left it out. Empty: it is part of the current plan."
    )

    class Meta:
        abstract = True


class PlanEntry(PlanRow):
    """An entry of a section: rows of other tables may refer to it for ever, so ask for `.current()` ones."""

    key = models.SlugField(_("key"), max_length=60, unique=True)

    objects = PlanEntryManager()

    class Meta(PlanRow.Meta):
        abstract = True
        ordering = ["position", "key"]


class PlanSingle(PlanRow):
    """A section that is one entry: the table has one row."""

    position = None  # type: ignore[assignment]

    objects = PlanEntryManager()

    class Meta(PlanRow.Meta):
        abstract = True


class PlanChild(PlanRow):
    """A part of an entry. `objects`, and so `entry.children.all()`, gives only the current ones; `ever` gives all."""

    objects = PlanChildManager()
    ever = PlanEntryManager()

    class Meta(PlanRow.Meta):
        abstract = True
        ordering = ["position"]
