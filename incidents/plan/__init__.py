"""What this app gives to the plan file: its sections, in the order of the file."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from dr_console.plans.registry import Child, Section
from incidents import models
from incidents.plan import communication, people, places, response, switching
from incidents.queries.acceptance import doubts
from incidents.services.acceptance import accept

SECTIONS = [
    Section(
        name="about",
        label=_("About the plan"),
        singular=_("plan"),
        description=gettext_noop("What the plan is called, and who keeps it."),
        entry=places.About,
        model=models.About,
        many=False,
        permission="plans.change_metadata",
    ),
    Section(
        name="objectives",
        label=_("Objectives"),
        singular=_("objectives"),
        description=gettext_noop("What recovery is held to."),
        entry=places.Objectives,
        model=models.Objectives,
        many=False,
    ),
    Section(
        name="regions",
        label=_("Regions"),
        singular=_("region"),
        description=gettext_noop("Where the product runs, and where it could."),
        entry=places.Region,
        model=models.Region,
        check=places.one_primary,
    ),
    Section(
        name="services",
        label=_("Services"),
        singular=_("service"),
        description=gettext_noop("What users are served, and how its health is asked for."),
        entry=places.Service,
        model=models.Service,
        children={"endpoints": Child(models.ServiceEndpoint, "service", ("region", "via"))},
    ),
    Section(
        name="failover_plans",
        label=_("Failover plans"),
        singular=_("failover plan"),
        description=gettext_noop("What is switched over when something fails, step by step."),
        entry=switching.FailoverPlan,
        model=models.FailoverPlan,
        children={"steps": Child(models.FailoverStep, "plan")},
        check=switching.plans_fit,
    ),
    Section(
        name="degradation_levels",
        label=_("Degradation levels"),
        singular=_("degradation level"),
        description=gettext_noop("What is switched off so that the rest survives."),
        entry=switching.DegradationLevel,
        model=models.DegradationLevel,
        check=switching.levels_once,
    ),
    Section(
        name="recovery_stages",
        label=_("Data recovery"),
        singular=_("recovery stage"),
        description=gettext_noop("The stages in which lost data is brought back."),
        entry=switching.RecoveryStage,
        model=models.RecoveryStage,
        children={"tasks": Child(models.RecoveryTask, "stage")},
    ),
    Section(
        name="thresholds",
        label=_("Thresholds"),
        singular=_("threshold"),
        description=gettext_noop("From which value on a metric is a reason to alert somebody."),
        entry=response.Threshold,
        model=models.Threshold,
        check=response.percentiles_in_order,
    ),
    Section(
        name="contacts",
        label=_("Contacts"),
        singular=_("contact"),
        description=gettext_noop("Whom to call at home."),
        entry=people.Contact,
        model=models.Contact,
        children={"channels": Child(models.ContactChannel, "contact", ("kind", "address"))},
    ),
    Section(
        name="vendors",
        label=_("Vendors"),
        singular=_("vendor"),
        description=gettext_noop("Whom to call at the vendors."),
        entry=people.Vendor,
        model=models.Vendor,
        children={"channels": Child(models.VendorChannel, "vendor", ("kind", "address"))},
    ),
    Section(
        name="rotations",
        label=_("On-call rotations"),
        singular=_("rotation"),
        description=gettext_noop("Whose turn it is to be called first."),
        entry=people.Rotation,
        model=models.Rotation,
        children={"layers": Child(models.RotationLayer, "rotation")},
    ),
    Section(
        name="escalation_policies",
        label=_("Escalation matrix"),
        singular=_("escalation policy"),
        description=gettext_noop("Who is told how fast, and who next when nobody answers."),
        entry=people.EscalationPolicy,
        model=models.EscalationPolicy,
        children={"levels": Child(models.EscalationLevel, "policy")},
        check=people.severities_once,
        doubts=doubts,
        accept=accept,
    ),
    Section(
        name="checklists",
        label=_("Checklists"),
        singular=_("checklist"),
        description=gettext_noop("What nobody may forget while recovering."),
        entry=response.Checklist,
        model=models.ChecklistTemplate,
        children={"items": Child(models.ChecklistTemplateItem, "checklist")},
    ),
    Section(
        name="status_updates",
        label=_("Status updates"),
        singular=_("audience of updates"),
        description=gettext_noop("Who is told how it goes, how often, and in which words an update begins."),
        entry=communication.UpdatePolicy,
        model=models.UpdatePolicy,
        children={
            "cadences": Child(models.UpdateCadence, "policy", ("severity",)),
            "wordings": Child(models.UpdateWording, "policy", ("stage",)),
        },
        check=communication.audiences_once,
    ),
    Section(
        name="report_template",
        label=_("Incident report"),
        singular=_("report template"),
        description=gettext_noop("How an incident is numbered, and what its report has to tell."),
        entry=response.ReportTemplate,
        model=models.ReportTemplate,
        many=False,
        children={
            "sections": Child(models.ReportSection, "template"),
            "postmortems": Child(models.PostmortemRule, "template", ("severity",)),
        },
    ),
]
