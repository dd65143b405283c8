from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("incidents", "0008_alerts_in")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="PostmortemRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "position",
                    models.PositiveIntegerField(
                        help_text="Place in the plan, counted from 0.", verbose_name="position"
                    ),
                ),
                (
                    "retired_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When a new version left it out. Empty: it is part of the current plan.",
                        null=True,
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        choices=[
                            ("P0", "P0 – critical"),
                            ("P1", "P1 – high"),
                            ("P2", "P2 – medium"),
                            ("P3", "P3 – low"),
                        ],
                        max_length=2,
                        verbose_name="severity",
                    ),
                ),
                (
                    "days",
                    models.PositiveSmallIntegerField(
                        help_text="Counted from when the incident is resolved.", verbose_name="days"
                    ),
                ),
                ("working_days_only", models.BooleanField(default=False, verbose_name="working days only")),
            ],
            options={"ordering": ["position"], "abstract": False},
        ),
        migrations.AddField(
            model_name="incident",
            name="before_merge",
            field=models.JSONField(blank=True, default=dict, help_text="What taking a merge back restores."),
        ),
        migrations.AddField(
            model_name="incident",
            name="client_token",
            field=models.CharField(
                blank=True, help_text="Who declares with it again gets the same incident.", max_length=120
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.UniqueConstraint(
                condition=models.Q(("client_token", ""), _negated=True),
                fields=("client_token",),
                name="incident_declared_once_with_a_token",
            ),
        ),
        migrations.AddField(
            model_name="postmortemrule",
            name="template",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="postmortems", to="incidents.reporttemplate"
            ),
        ),
        migrations.AddConstraint(
            model_name="postmortemrule",
            constraint=models.UniqueConstraint(fields=("template", "severity"), name="postmortem_rule_severity_once"),
        ),
    ]
