"""The engine's tick, and the sign of life that is sent outside."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("operations", "0003_watch_heartbeat")]

    operations = [
        migrations.CreateModel(
            name="EngineTick",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(blank=True, help_text="End of its last own round. Empty: never.", null=True)),
                ("process", models.CharField(blank=True, help_text="Whose round that was, as 4711@console-1.", max_length=300)),
                ("stand_in", models.CharField(blank=True, help_text="The web process that does its work meanwhile.", max_length=300)),
                ("stand_in_since", models.DateTimeField(blank=True, null=True)),
                ("stand_in_at", models.DateTimeField(blank=True, help_text="Begin of that process's last round.", null=True)),
            ],
            options={"default_permissions": ()},
        ),
        migrations.CreateModel(
            name="HeartbeatOut",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("looked_at", models.DateTimeField(help_text="When it was last decided whether to send one. Claims the minute.")),
                ("sent_at", models.DateTimeField(blank=True, help_text="When one was last taken.", null=True)),
                ("withheld", models.JSONField(default=list, help_text="Sentences: what was overdue, so that none was sent.")),
                ("error", models.JSONField(blank=True, help_text="The facts of a ProviderError.", null=True)),
            ],
            options={"default_permissions": ()},
        ),
    ]
