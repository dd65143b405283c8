"""Filters of the console's lists: django-filter, with our form and a search over several columns."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _


class ConsoleFilterSet(django_filters.FilterSet):
    """The filters of one list. Each is a field of the form above the table and a word of the page's address."""

    def is_filtered(self) -> bool:
        """Whether the person has asked for less than everything."""
        return self.is_valid() and any(value not in (None, "", []) for value in self.form.cleaned_data.values())


class _YesNoField(django_filters.fields.ChoiceField):
    def clean(self, value: Any) -> bool | None:
        return {"true": True, "false": False}.get(super().clean(value))


class YesNoFilter(django_filters.ChoiceFilter):
    """True, False, or either. django-filter's own calls either "Unknown"."""

    field_class = _YesNoField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, choices=[("true", _("Yes")), ("false", _("No"))], **kwargs)


class SearchFilter(django_filters.CharFilter):
    """Any of several columns contains the text. Reads every row: for lists of hundreds, not of millions.

    Say `distinct=True` where a path leads to many rows.
    """

    def __init__(self, *paths: str, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Search"))
        super().__init__(widget=forms.SearchInput(attrs={"autocomplete": "off"}), **kwargs)
        self.paths = paths

    def filter(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not value:
            return queryset
        anywhere = Q()
        for path in self.paths:
            anywhere |= Q(**{f"{path}__icontains": value})
        found = queryset.filter(anywhere)
        return found.distinct() if self.distinct else found


class SinceFilter(django_filters.DateFilter):
    """On that day or later, by UTC. Compares with the day's first moment, so that an index on the column serves."""

    def __init__(self, path: str, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Since (UTC)"))
        super().__init__(path, "gte", widget=DayInput(), **kwargs)

    def filter(self, queryset: QuerySet[Any], value: date | None) -> QuerySet[Any]:
        first = datetime.combine(value, time.min, tzinfo=UTC) if value else None
        return super().filter(queryset, first)  # type: ignore[no-any-return]


class DayInput(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")
