"""The nouns of an incident, and of the plan that says how to deal with one."""

from __future__ import annotations

from incidents.models.alert import Alert, AlertEvent, AlertPayload, AlertRule, AlertSource, Silence
from incidents.models.channel_test import ChannelTest
from incidents.models.checklist import (
    ChecklistAnswer,
    ChecklistItem,
    ChecklistTemplate,
    ChecklistTemplateItem,
    ChosenChecklist,
    ItemAction,
    ItemCondition,
)
from incidents.models.command import Ask, CommandDecision, Handover, Opinion, RoleAssignment
from incidents.models.contact import ChannelKind, Contact, ContactChannel, Vendor, VendorChannel
from incidents.models.decision import BlockedTrigger, Decision, DecisionState, LookedAt, MaintenanceWindow
from incidents.models.degradation import DegradationChange, DegradationLevel
from incidents.models.escalation import (
    Escalation,
    EscalationEvent,
    EscalationLevel,
    EscalationPolicy,
    PolicyAcceptance,
)
from incidents.models.failover import FailoverPlan, FailoverStep, Failure
from incidents.models.health import Threshold
from incidents.models.incident import Incident, ReferenceCounter, Severity
from incidents.models.measurement import Breach, Sample, Source, ThresholdState, Turn
from incidents.models.objectives import About, Objectives
from incidents.models.oncall import Absence, Override, Period, Rotation, RotationLayer, Swap, Weekday
from incidents.models.oncall_feed import OnCallFeed
from incidents.models.probe import EndpointState, ProbeLocation, ProbeRollup, ProbeRound
from incidents.models.recovery import RecoveryStage, RecoveryTask
from incidents.models.report import PostmortemRule, ReportSection, ReportTemplate
from incidents.models.service import Region, Service, ServiceEndpoint
from incidents.models.timeline import TimelineEntry, TimelineHead
from incidents.models.update import (
    Audience,
    Impact,
    MaintenanceNotice,
    Stage,
    StatusPage,
    StatusStore,
    StatusUpdate,
    UpdateCadence,
    UpdateDue,
    UpdatePolicy,
    UpdateWording,
)

__all__ = [
    "Absence",
    "Override",
    "Period",
    "RotationLayer",
    "Swap",
    "Weekday",
    "About",
    "Alert",
    "AlertEvent",
    "AlertPayload",
    "AlertRule",
    "AlertSource",
    "Ask",
    "Breach",
    "BlockedTrigger",
    "ChannelKind",
    "ChannelTest",
    "ChecklistAnswer",
    "ChecklistItem",
    "ChecklistTemplate",
    "ChecklistTemplateItem",
    "ChosenChecklist",
    "CommandDecision",
    "Contact",
    "ContactChannel",
    "DegradationChange",
    "Decision",
    "DecisionState",
    "DegradationLevel",
    "EndpointState",
    "Escalation",
    "EscalationEvent",
    "EscalationLevel",
    "EscalationPolicy",
    "FailoverPlan",
    "FailoverStep",
    "Failure",
    "Handover",
    "Incident",
    "ItemAction",
    "ItemCondition",
    "LookedAt",
    "MaintenanceWindow",
    "Objectives",
    "OnCallFeed",
    "Opinion",
    "PolicyAcceptance",
    "PostmortemRule",
    "ProbeLocation",
    "ProbeRollup",
    "ProbeRound",
    "RecoveryStage",
    "RecoveryTask",
    "ReferenceCounter",
    "Region",
    "ReportSection",
    "ReportTemplate",
    "RoleAssignment",
    "Rotation",
    "Sample",
    "Service",
    "ServiceEndpoint",
    "Severity",
    "Silence",
    "Source",
    "Threshold",
    "ThresholdState",
    "TimelineEntry",
    "TimelineHead",
    "Turn",
    "Vendor",
    "VendorChannel",
    "Audience",
    "Impact",
    "MaintenanceNotice",
    "Stage",
    "StatusPage",
    "StatusStore",
    "StatusUpdate",
    "UpdateCadence",
    "UpdateDue",
    "UpdatePolicy",
    "UpdateWording",
]
