"""What people type to keep the console from acting: the kill switch, and a maintenance."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dr_console.runs.interlocks import EVERYTHING
from incidents.models import Service
from incidents.services.triggers import LONGEST_MAINTENANCE

MOST_MINUTES = int(LONGEST_MAINTENANCE.total_seconds() // 60)


class KillSwitchForm(forms.Form):
    """Held back is everything, or the runs of one service."""

    name = forms.ChoiceField(label=_("What is held back"))
    reason = forms.CharField(label=_("Why"), max_length=500, help_text=_("Whoever wants to release it has to know."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "switch_%s"
        services = [(f"service:{one.key}", one.name) for one in Service.objects.current()]
        self.fields["name"].choices = [(EVERYTHING, _("Everything")), *services]  # type: ignore[attr-defined]


class MaintenanceForm(forms.Form):
    service = forms.ModelChoiceField(
        label=_("Service"), queryset=Service.objects.none(), required=False, empty_label=_("All of them")
    )
    minutes = forms.IntegerField(label=_("For how many minutes"), min_value=1, max_value=MOST_MINUTES, initial=60)
    reason = forms.CharField(label=_("Why"), max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "maintenance_%s"
        self.fields["service"].queryset = Service.objects.current()  # type: ignore[attr-defined]
