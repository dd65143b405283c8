"""Who may break the pretend world. There is no table: the world lives in the sandbox."""

from __future__ import annotations

from django.db import models


class PretendWorld(models.Model):
    class Meta:
        managed = False
        default_permissions = ()
        permissions = [("change_world", "May break, heal and reset the pretend world")]

    def __str__(self) -> str:
        return "sandbox"
