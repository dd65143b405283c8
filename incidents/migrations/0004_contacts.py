"""Quiet hours of contacts, and the tests of their channels."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0003_oncall"),
        ("notifications", "0002_deliveries"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="contact",
            name="quiet_hours",
            field=models.CharField(
                blank=True,
                help_text="22:00-07:00 in the time zone. Empty: none.",
                max_length=11,
                verbose_name="quiet hours",
            ),
        ),
        migrations.CreateModel(
            name="ChannelTest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("whom", models.CharField(help_text="“contact:key”, or “vendor:key” of the plan.", max_length=80)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("phone", "Phone"),
                            ("email", "E-mail"),
                            ("slack", "Slack"),
                            ("pagerduty", "PagerDuty"),
                            ("feishu", "Feishu"),
                            ("dingtalk", "DingTalk"),
                            ("wecom", "WeCom"),
                            ("teams", "Microsoft Teams"),
                            ("mattermost", "Mattermost"),
                        ],
                        max_length=10,
                        verbose_name="channel",
                    ),
                ),
                ("address", models.CharField(max_length=200, verbose_name="address")),
                (
                    "mode",
                    models.CharField(
                        help_text="DR_MODE then: what the sandbox answered proves nothing in live.", max_length=10
                    ),
                ),
                ("sent_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="sent at")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting for the answer"),
                            ("answered", "Answered"),
                            ("failed", "Did not arrive"),
                        ],
                        default="waiting",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("answered_at", models.DateTimeField(null=True, verbose_name="answered at")),
                ("answered_by", models.CharField(blank=True, help_text="Who answered, in words.", max_length=200)),
                (
                    "answered_via",
                    models.CharField(
                        blank=True, help_text="A channel, “link”, “page” or “hand”: word of mouth.", max_length=20
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        help_text="Who tried it.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "delivery",
                    models.OneToOneField(
                        help_text="Empty: the console sent nothing, a person tried it by themselves.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="channel_test",
                        to="notifications.delivery",
                    ),
                ),
            ],
            options={
                "ordering": ["-sent_at", "-pk"],
                "default_permissions": (),
                "permissions": [
                    ("test_channel", "Can send test messages to contacts, and write down what they answered")
                ],
                "indexes": [models.Index(fields=["whom", "-sent_at"], name="channel_test_newest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answered_at__isnull", False), ("state", "answered")),
                            models.Q(
                                models.Q(("state", "answered"), _negated=True), ("answered_at__isnull", True)
                            ),
                            _connector="OR",
                        ),
                        name="channel_test_answered_exactly_when_it_has_a_time",
                    )
                ],
            },
        ),
        migrations.AlterField(
            model_name='contactchannel',
            name='kind',
            field=models.CharField(choices=[('phone', 'Phone'), ('email', 'E-mail'), ('slack', 'Slack'), ('pagerduty', 'PagerDuty'), ('feishu', 'Feishu'), ('dingtalk', 'DingTalk'), ('wecom', 'WeCom'), ('teams', 'Microsoft Teams'), ('mattermost', 'Mattermost')], max_length=10, verbose_name='kind'),
        ),
        migrations.AlterField(
            model_name='threshold',
            name='alert_channel',
            field=models.CharField(choices=[('phone', 'Phone'), ('email', 'E-mail'), ('slack', 'Slack'), ('pagerduty', 'PagerDuty'), ('feishu', 'Feishu'), ('dingtalk', 'DingTalk'), ('wecom', 'WeCom'), ('teams', 'Microsoft Teams'), ('mattermost', 'Mattermost')], max_length=10, verbose_name='alert goes to'),
        ),
        migrations.AlterField(
            model_name='vendorchannel',
            name='kind',
            field=models.CharField(choices=[('phone', 'Phone'), ('email', 'E-mail'), ('slack', 'Slack'), ('pagerduty', 'PagerDuty'), ('feishu', 'Feishu'), ('dingtalk', 'DingTalk'), ('wecom', 'WeCom'), ('teams', 'Microsoft Teams'), ('mattermost', 'Mattermost')], max_length=10, verbose_name='kind'),
        ),
    ]
