"""What the tables of the plan's entries have in common."""

from __future__ import annotations

from typing import Any, ClassVar

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from dr_console.plans.models import PlanEntry, PlanVersion
from dr_console.web.tables import ConsoleTable, MomentColumn


class EntryTable(ConsoleTable):
    """A table of one section's entries: the last column leads to the form that changes the entry."""

    section: ClassVar[str]
    default_order = "position"
    live = "plan"
    change = tables.Column(verbose_name=_("Action"), empty_values=(), orderable=False)

    class Meta:
        sequence: tuple[str, ...] = ("...", "change")

    def render_change(self, record: PlanEntry) -> SafeString | str:
        if self.request is None or not self.request.user.has_perm("plans.change_plan"):
            return ""
        address = reverse("plans:edit", args=[self.section, record.key])
        word = pgettext("link to the form of an entry", "Change")
        return format_html('<a href="{}" aria-label="{} {}">{}</a>', address, word, record.key, word)


class VersionTable(ConsoleTable):
    live = "plan"
    number = tables.Column(linkify=True, verbose_name=_("Version"))
    at = MomentColumn(verbose_name=_("Loaded"))
    by = tables.Column(verbose_name=_("Loaded by"), empty_values=(), orderable=False)
    source = tables.Column(verbose_name=_("Source"), orderable=False)
    note = tables.Column(verbose_name=_("Note"), orderable=False)
    difference = tables.Column(verbose_name=_("Difference"), empty_values=(), orderable=False)

    class Meta:
        model = PlanVersion
        fields = ("number", "at", "by", "source", "note", "difference")
        order_by = "-number"

    def render_by(self, record: PlanVersion) -> Any:
        return record.by or _("the console")

    def render_difference(self, record: PlanVersion) -> SafeString | str:
        if record.number == 1:
            return "–"
        address = reverse("plans:compare") + f"?from={record.number - 1}&to={record.number}"
        return format_html('<a href="{}">{} → {}</a>', address, record.number - 1, record.number)
