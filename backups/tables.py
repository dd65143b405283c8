"""The backup policies, as a table."""

from __future__ import annotations

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups.models import BackupPolicy
from dr_console.plans.tables import EntryTable
from dr_console.web.times import duration


class BackupPolicyTable(EntryTable):
    caption = gettext_lazy("Backup policies")
    section = "backup_policies"
    way = tables.Column(verbose_name=gettext_lazy("From → to"), empty_values=(), orderable=False)
    frequency = tables.Column(verbose_name=gettext_lazy("How often"))
    retention_days = tables.Column(verbose_name=gettext_lazy("Kept for"), empty_values=())

    class Meta(EntryTable.Meta):
        model = BackupPolicy
        fields = ("name", "category", "way", "frequency", "retention_days", "condition")

    def render_way(self, record: BackupPolicy) -> SafeString:
        return format_html("{} → {}", record.source, record.destination)

    def render_frequency(self, record: BackupPolicy) -> str:
        if record.interval is None:
            return record.get_frequency_display()
        return _("every %(interval)s") % {"interval": duration(record.interval)}

    def render_retention_days(self, record: BackupPolicy) -> str:
        return _("for ever") if record.retention is None else duration(record.retention)
