from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from dr_console import chain
from dr_console.audit import triggers

TABLE = "incidents_timelineentry"
MESSAGE = "the timeline is append-only"


def chain_what_is_there(apps: Any, schema_editor: Any) -> None:
    """What earlier versions wrote becomes a chain, in the order in which it was written."""
    entries = apps.get_model("incidents", "TimelineEntry").objects
    heads = apps.get_model("incidents", "TimelineHead").objects
    for incident in entries.order_by("incident_id").values_list("incident_id", flat=True).distinct():
        previous, seq = "", 0
        for entry in entries.filter(incident_id=incident).order_by("pk"):
            seq += 1
            entry.seq, entry.recorded_at, entry.prev_hash = seq, entry.at, previous
            entry.source = "person" if entry.text else "console"
            entry.hash = previous = chain.digest(previous, _facts(entry))
            entry.save()
        heads.create(incident_id=incident, seq=seq, hash=previous)


def _facts(entry: Any) -> list[Any]:
    """As TimelineEntry.facts was when this was written."""
    at = (entry.at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return [entry.incident_id, entry.seq, "entry", at, at, entry.kind, entry.source, entry.said, entry.text, "",
            entry.author_id, None, "", entry.dedup_key]  # fmt: skip


def create_triggers(apps: Any, schema_editor: Any) -> None:
    triggers.create(schema_editor.connection, TABLE, MESSAGE)


def drop_triggers(apps: Any, schema_editor: Any) -> None:
    triggers.drop(schema_editor.connection, TABLE)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("incidents", "0005_checklist")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="TimelineHead",
            fields=[
                (
                    "incident",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="timeline_head",
                        serialize=False,
                        to="incidents.incident",
                    ),
                ),
                ("seq", models.PositiveIntegerField(default=0)),
                ("hash", models.CharField(blank=True, max_length=64)),
            ],
            options={"default_permissions": ()},
        ),
        migrations.AddField(
            "timelineentry",
            "act",
            models.CharField(
                choices=[
                    ("entry", "Entry"),
                    ("correction", "Correction"),
                    ("pin", "Pinned"),
                    ("unpin", "No longer pinned"),
                ],
                default="entry",
                max_length=10,
            ),
        ),
        migrations.AddField(
            "timelineentry",
            "evidence",
            models.CharField(
                blank=True, help_text="Where it can be seen: http(s), or a page here.", max_length=500
            ),
        ),
        migrations.AddField(
            "timelineentry", "hash", models.CharField(default="", max_length=64), preserve_default=False
        ),
        migrations.AddField(
            "timelineentry",
            "line",
            models.CharField(
                blank=True, help_text="What it pins: entry-3, by place, or step-17, by key.", max_length=40
            ),
        ),
        migrations.AddField(
            "timelineentry",
            "original",
            models.ForeignKey(
                blank=True,
                help_text="The entry that it corrects.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="later",
                to="incidents.timelineentry",
            ),
        ),
        migrations.AddField("timelineentry", "prev_hash", models.CharField(blank=True, max_length=64)),
        migrations.AddField(
            "timelineentry", "recorded_at", models.DateTimeField(default=django.utils.timezone.now)
        ),
        migrations.AddField(
            "timelineentry",
            "seq",
            models.PositiveIntegerField(default=0, help_text="Its place in the incident's chain, from 1."),
            preserve_default=False,
        ),
        migrations.AddField(
            "timelineentry",
            "source",
            models.CharField(
                choices=[
                    ("console", "the console"),
                    ("person", "a person"),
                    ("terminal", "a command"),
                    ("api", "the API"),
                    ("probes", "health checks"),
                    ("metrics", "measured values"),
                    ("alert", "an alert"),
                    ("run", "a run"),
                    ("message", "a message"),
                ],
                default="console",
                max_length=10,
                verbose_name="source",
            ),
        ),
        migrations.AlterField(
            "timelineentry",
            "incident",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="timeline", to="incidents.incident"
            ),
        ),
        migrations.AlterField(
            "timelineentry",
            "kind",
            models.CharField(
                choices=[
                    ("noticed", "Noticed"),
                    ("declared", "Declared"),
                    ("decided", "Decided"),
                    ("acted", "Acted"),
                    ("recovered", "Recovered"),
                    ("alerted", "Alerted"),
                    ("changed", "Changed"),
                    ("note", "Note"),
                ],
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            "timelineentry",
            "text",
            models.TextField(blank=True, help_text="As a person wrote it: Markdown."),
        ),
        migrations.RunPython(chain_what_is_there, migrations.RunPython.noop),
        migrations.AddIndex(
            "timelineentry", models.Index(fields=["incident", "at", "id"], name="timeline_by_time")
        ),
        migrations.AddIndex(
            "timelineentry", models.Index(fields=["incident", "author", "at"], name="timeline_by_author")
        ),
        migrations.AddIndex(
            "timelineentry",
            models.Index(
                condition=models.Q(("line", ""), _negated=True),
                fields=["incident", "line", "seq"],
                name="timeline_pins",
            ),
        ),
        migrations.AddConstraint(
            "timelineentry",
            models.UniqueConstraint(fields=("incident", "seq"), name="timeline_place_once"),
        ),
        migrations.RunPython(create_triggers, drop_triggers),
    ]
