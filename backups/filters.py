"""What the list of backup policies can be narrowed to."""

from __future__ import annotations

from backups.models import BackupPolicy
from dr_console.web.filters import ConsoleFilterSet, SearchFilter


class BackupPolicyFilter(ConsoleFilterSet):
    q = SearchFilter("name_en", "name_zh_hans", "source_en", "destination_en")

    class Meta:
        model = BackupPolicy
        fields = ["q", "category", "frequency"]
