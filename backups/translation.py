"""Which fields of the backup policies are written in every language."""

from __future__ import annotations

from modeltranslation.translator import TranslationOptions, register

from backups.models import BackupPolicy


@register([BackupPolicy])
class BackupPolicyTexts(TranslationOptions):
    fields = ("name", "source", "destination", "condition")
