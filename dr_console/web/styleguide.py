"""What the style guide shows: one of everything, with made-up facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.timezone import now

from dr_console.web import badges
from dr_console.web.tables import (
    CodeColumn,
    Column,
    ConsoleTable,
    DurationColumn,
    MomentColumn,
    SeverityColumn,
    StateColumn,
)


@dataclass
class Row:
    """A made-up incident."""

    number: str
    title: str
    severity: str
    status: str
    started_at: datetime
    took: timedelta | None
    region: str


class RowTable(ConsoleTable):
    caption = "Made-up incidents"

    number = Column(verbose_name="Incident")
    title = Column()
    severity = SeverityColumn()
    status = StateColumn(states={"mitigated": "ok", "open": "running", "failed": "failed"})
    started_at = MomentColumn(verbose_name="Started")
    took = DurationColumn(verbose_name="Took")
    region = CodeColumn()


class SampleForm(forms.Form):
    """One of each kind of field."""

    name = forms.CharField(label="Name", help_text="As people say it aloud.")
    region = forms.ChoiceField(label="Region", choices=[("tokyo", "Tokyo"), ("california", "California")])
    minutes = forms.IntegerField(label="Recovery time, in minutes", min_value=1)
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    failures = forms.MultipleChoiceField(
        label="Failures",
        choices=[("api", "API errors"), ("cdn", "CDN failure")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    automatic = forms.BooleanField(label="Switch over without asking", required=False, help_text="Only in this plan.")


def components(request: HttpRequest) -> dict[str, Any]:
    first = datetime(2025, 1, 10, 14, 30, tzinfo=UTC)
    rows = [
        Row("INC-2025-001", "API unavailable in Tokyo", "P0", "open", first, None, "asia-northeast-1"),
        Row(
            "INC-2025-002",
            "Slow search",
            "P2",
            "mitigated",
            first + timedelta(hours=9),
            timedelta(minutes=65),
            "us-west-1",
        ),
        Row("INC-2025-003", "Certificates renewed late", "P3", "failed", first, timedelta(seconds=45), "eu-central-1"),
    ]
    return {
        "severities": list(badges.SEVERITIES),
        "states": list(badges.STATES),
        "looks": sorted(badges.TAGS),
        "sample_table": RowTable(rows),
        "sample_form": SampleForm({"name": "", "region": "tokyo", "minutes": "0"}),
        "empty_form": SampleForm(auto_id="empty_%s"),
        "moment": first,
        "recently": now() - timedelta(days=34),
        "a_while": timedelta(hours=1, minutes=5),
    }
