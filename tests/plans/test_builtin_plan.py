"""The plan that the console comes with says what the customer's plan says, all of it, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.translation import override

from backups.models import BackupPolicy
from drills.models import DrillCalendar
from drills.schedule import next_occurrences
from incidents.models import (
    ChecklistTemplate,
    Contact,
    DegradationLevel,
    EscalationPolicy,
    FailoverPlan,
    Objectives,
    RecoveryStage,
    Region,
    ReportTemplate,
    Rotation,
    Service,
    Threshold,
    Vendor,
)
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _plan():
    make.plan()


def test_objectives():
    objectives = Objectives.objects.get()
    assert (objectives.rto, objectives.rpo) == (timedelta(minutes=15), timedelta(hours=1))
    assert objectives.availability_percent == 99.95
    assert objectives.downtime_allowed(timedelta(days=30)) == timedelta(minutes=21.6)
    assert objectives.downtime_allowed(timedelta(days=31)) == timedelta(minutes=22.32)


def test_backup_policies():
    found = [
        (row.category, row.source, row.destination, row.frequency, row.interval, row.retention and row.retention.days)
        for row in BackupPolicy.objects.current()
    ]
    assert found == [
        ("real_time", "Cloudflare R2", "AWS S3, replicated across regions", "continuous", None, 30),
        ("real_time", "Redis cache", "ElastiCache snapshots", "interval", timedelta(hours=1), 7),
        ("scheduled", "Vercel environment variables", "AWS Secrets Manager", "interval", timedelta(days=1), 90),
        ("scheduled", "The database", "AWS RDS snapshots", "interval", timedelta(hours=6), 30),
        ("code", "GitHub", "AWS CodeCommit mirror", "every_commit", None, None),
    ]
    assert BackupPolicy.objects.get(key="database-to-rds").condition == "if there is one"


def test_regions():
    assert list(Region.objects.current().values_list("key", "name", "role", "provider", "status")) == [
        ("asia-northeast-1", "Tokyo", "primary", "Vercel", "active"),
        ("us-west-1", "California", "secondary", "Vercel", "standby"),
        ("eu-central-1", "Frankfurt", "tertiary", "AWS Lambda", "cold_standby"),
    ]


def test_each_kind_of_failure_is_decided_switched_led_elsewhere_verified_and_told():
    plans = FailoverPlan.objects.current().filter(automatic=True, fails_back="")
    switches = {
        "api-errors-to-backup-api": ("api_errors", "switch_endpoint"),
        "cdn-failure-to-backup-cdn": ("cdn_failure", "switch_cdn"),
        "region-failure-to-backup-region": ("region_failure", "switch_region"),
        "region-failure-to-cold-standby": ("region_failure", "warm_function"),
    }
    assert {plan.key: plan.failure for plan in plans} == {key: failure for key, (failure, _) in switches.items()}
    for plan in plans:
        steps = [step.does for step in plan.steps.all() if step.does != "failover.invalidate_cdn"]
        assert steps == [
            "failover.confirm_failure",
            f"failover.{switches[plan.key][1]}",
            "failover.point_dns",
            "failover.verify_health",
            "failover.notify",
            "failover.notify",
        ]


def test_every_failover_moves_every_name_that_its_failure_takes_down():
    moved = {
        plan.key: sorted(record["name"] for step in plan.steps.all() for record in step.parameters.get("records", []))
        for plan in FailoverPlan.objects.current().filter(fails_back="")
    }
    everything = ["api.example.com", "edge.example.com", "images.example.com", "www.example.com"]
    assert moved == {
        "manual-failover": everything,
        "api-errors-to-backup-api": ["api.example.com"],
        # The name behind the CDN is left out: the public one is led past it.
        "cdn-failure-to-backup-cdn": ["api.example.com", "cdn.example.com", "images.example.com", "www.example.com"],
        "region-failure-to-backup-region": everything,
        "region-failure-to-cold-standby": everything,
    }


def test_every_failover_has_a_way_back_that_a_person_agrees_to_after_half_an_hour_of_health():
    plans = {plan.key: plan for plan in FailoverPlan.objects.current()}
    away = [key for key, plan in plans.items() if not plan.fails_back]
    assert sorted(plan.fails_back for plan in plans.values() if plan.fails_back) == sorted(away)
    for plan in plans.values():
        if not plan.fails_back:
            continue
        steps = {step.key: step for step in plan.steps.all()}
        there = plans[plan.fails_back]
        assert (plan.from_region, plan.to_region) == (there.to_region, there.from_region)
        assert (plan.automatic, plan.approval_seconds, plan.without_approval) == (False, 3600, "give_up")
        assert steps["check-primary"].parameters["healthy_minutes"] == 30
        assert steps["put-dns-back"].needs_approval
        assert steps["put-dns-back"].depends_on == ["check-primary"]
        assert steps["verify"].depends_on == ["put-dns-back"]


def test_the_cold_standby_is_asked_about_before_it_goes_ahead():
    plan = FailoverPlan.objects.get(key="region-failure-to-cold-standby")
    assert plan.from_region
    assert plan.to_region
    assert (plan.from_region.key, plan.to_region.key) == ("us-west-1", "eu-central-1")
    assert (plan.approval_seconds, plan.without_approval) == (120, "go_ahead")


def test_the_manual_failover_does_what_the_script_does_in_a_better_order():
    plan = FailoverPlan.objects.get(key="manual-failover")
    steps = {step.key: step for step in plan.steps.all()}
    assert list(steps) == [
        "check-primary",
        "start-standby",
        "point-dns",
        "verify",
        "purge-cdn",
        "notify-recovered",
        "alert-failed",
    ]
    assert not plan.automatic
    assert plan.from_region
    assert plan.to_region
    assert (plan.from_region.key, plan.to_region.key) == ("asia-northeast-1", "us-west-1")
    assert steps["check-primary"].parameters["stop_when_healthy"] is True
    api = steps["point-dns"].parameters["records"][0]
    assert (api["name"], api["target"], api["type"]) == ("api.example.com", "backup.example.com", "CNAME")
    standby = steps["start-standby"].parameters
    assert (standby["environment"], standby["provider"], standby["region"]) == ("production", "vercel", "us-west-1")
    assert steps["purge-cdn"].parameters["everything"] is True
    # What is purged before the new origin answers is missing to users until it does.
    assert steps["purge-cdn"].depends_on == ["verify"]
    # Proxied names are led elsewhere within five minutes, and then three answers are needed.
    assert steps["verify"].timeout_seconds == 5 * 60 + 60
    assert steps["verify"].parameters["successes"] == 3
    assert steps["notify-recovered"].runs_on == "success"
    assert steps["alert-failed"].runs_on == "failure"
    assert steps["alert-failed"].parameters["severity"] == "critical"


def test_degradation_levels():
    found = [
        (row.level, row.name, row.features_on, row.features_off, row.cache, row.static_only)
        for row in DegradationLevel.objects.current()
    ]
    assert found == [
        (0, "Normal", ["all"], [], "normal", False),
        (1, "Light", ["core", "api"], ["analytics", "recommendations"], "aggressive", False),
        (2, "Moderate", ["core"], ["api-heavy", "image-generation"], "maximum", False),
        (3, "Severe", ["static"], ["all-dynamic"], "permanent", True),
    ]
    with override("zh-hans"):
        levels = DegradationLevel.objects.current()
        assert [level.name for level in levels] == ["正常运行", "轻度降级", "中度降级", "严重降级"]
        assert "系统维护中" in levels[3].message


def test_five_stages_of_data_recovery():
    with override("zh-hans"):
        stages = list(RecoveryStage.objects.current())
        assert [stage.name for stage in stages] == ["评估", "隔离", "恢复", "验证", "切换"]
    assert [stage.name for stage in stages] == ["Assess", "Isolate", "Restore", "Verify", "Switch back"]
    assert [stage.tasks.count() for stage in stages] == [3, 3, 4, 3, 3]
    assert [task.text for task in stages[2].tasks.all()] == [
        "Restore R2 data from S3",
        "Restore Redis from its snapshot",
        "Rebuild the search index",
        "Check the data's integrity",
    ]


def test_thresholds():
    fields = ("metric", "comparison", "value", "unit", "window_seconds", "alert_channel")
    assert list(Threshold.objects.current().values_list(*fields)) == [
        ("availability", "below", 99.5, "percent", 300, "pagerduty"),
        ("response_time_p50", "above", 200, "milliseconds", None, "slack"),
        ("response_time_p95", "above", 1000, "milliseconds", None, "slack"),
        ("response_time_p99", "above", 3000, "milliseconds", None, "slack"),
        ("error_rate", "above", 1, "percent", 60, "email"),
        ("throughput", "below", 100, "requests_per_second", None, "slack"),
    ]


def test_the_escalation_matrix():
    first = {policy.severity: (policy, policy.levels.all()[0]) for policy in EscalationPolicy.objects.current()}
    assert {
        severity: (policy.name, policy.respond_within_minutes, level.channels, level.targets)
        for severity, (policy, level) in first.items()
    } == {
        "P0": ("Critical", 5, ["pagerduty", "phone"], ["rotation:on-call"]),
        "P1": ("High", 15, ["pagerduty", "slack"], ["rotation:on-call"]),
        "P2": ("Medium", 60, ["slack", "email"], ["contact:development-team"]),
        "P3": ("Low", 240, ["email"], ["contact:development-team"]),
    }
    for policy, _level in first.values():
        assert {level.wait_minutes for level in policy.levels.all()} == {policy.respond_within_minutes}
        assert [level.targets for level in policy.levels.all()][1:] == [["contact:technical-lead"], ["contact:cto"]]


def test_the_monthly_drill():
    calendar = DrillCalendar.objects.get()
    after = datetime(2026, 11, 22, tzinfo=UTC)
    assert next_occurrences(calendar, after=after) == [datetime(2026, 12, 2, 2, tzinfo=UTC)]
    assert calendar.duration_minutes == 120
    assert calendar.participants == ["devops-team", "back-end-developers", "on-call-engineer"]
    assert [exercise.name for exercise in calendar.exercises.all()] == [
        "Failover of the primary service",
        "Data-restore test",
        "Backup verification",
        "Alerting test",
    ]
    assert [(one.metric, one.comparison, one.value, one.unit) for one in calendar.criteria.all()] == [
        ("recovery_time", "below", 15, "minutes"),
        ("recovery_point", "below", 60, "minutes"),
        ("records_lost", "at_most", 0, "records"),
        ("alerts_fired", "at_least", 100, "percent"),
    ]


def test_the_nine_items_of_the_checklist():
    with override("zh-hans"):
        checklist = ChecklistTemplate.objects.get(key="quick-recovery")
        assert checklist.name == "快速恢复检查表"
        assert [item.text for item in checklist.items.filter(condition="")] == [
            "确认故障范围和影响",
            "激活事件响应团队",
            "执行故障转移",
            "验证备用系统运行",
            "通知相关方",
            "监控恢复进度",
            "记录事件详情",
            "执行根因分析",
            "更新恢复文档",
        ]


def test_contacts_and_vendors():
    ladder = Contact.objects.current().filter(level__isnull=False)
    assert [(one.level, one.key, [channel.kind for channel in one.channels.all()]) for one in ladder] == [
        (0, "on-call-engineer", ["phone", "slack", "pagerduty"]),
        (1, "technical-lead", ["phone", "email"]),
        (2, "cto", ["phone", "email"]),
    ]
    assert Contact.objects.get(key="on-call-engineer").channels.get(kind="slack").address == "@oncall"
    vendors = {vendor.name: [channel.kind for channel in vendor.channels.all()] for vendor in Vendor.objects.current()}
    assert vendors == {"Vercel": ["email", "phone"], "Cloudflare": ["email", "phone"], "AWS": ["phone"]}
    assert Vendor.objects.get(key="aws").support_url
    assert Rotation.objects.get().participants == ["on-call-engineer"]


def test_every_address_but_the_plans_own_handle_is_a_placeholder():
    real = [
        channel.address
        for owner in [*Contact.objects.current(), *Vendor.objects.current()]
        for channel in owner.channels.all()
        if not channel.is_placeholder
    ]
    assert real == ["@oncall"]
    assert all(name.endswith("example.com") for service in Service.objects.current() for name in service.hostnames)


def test_the_incident_report():
    template = ReportTemplate.objects.get()
    assert template.reference(year=2025, number=1) == "INC-2025-001"
    assert template.reference(year=2025, number=1234) == "INC-2025-1234"
    assert [section.heading for section in template.sections.all()] == [
        "Incident ID",
        "Time of occurrence (UTC)",
        "Time of recovery (UTC)",
        "Scope of impact",
        "Users affected",
        "Timeline",
        "Root cause",
        "Improvements",
        "Lessons learned",
    ]
    assert template.sections.get(key="timeline").body.splitlines()[0] == "14:30 - alert fired"


def test_what_differs_between_the_languages_is_chinese_in_the_chinese_text():
    for texts in bilingual(make.builtin_plan().content()):
        assert any("\u4e00" <= character <= "\u9fff" for character in texts["zh-hans"]), texts
        assert not any("\u4e00" <= character <= "\u9fff" for character in texts["en"]), texts


def bilingual(value):
    """Every text of the plan that is written in both languages."""
    if isinstance(value, dict) and "zh-hans" in value:
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from bilingual(item)
