"""Where the sections of the plan that belong to incidents are shown."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from dr_console.plans.pages import PlanPage

PAGES = (
    PlanPage(_("Regions"), "incidents:regions", ("regions",)),
    PlanPage(_("Services"), "incidents:services", ("services",)),
    PlanPage(_("Failover"), "incidents:failover", ("failover_plans",)),
    PlanPage(_("Degradation"), "incidents:degradation", ("degradation_levels",)),
    PlanPage(_("Recovery"), "incidents:recovery", ("recovery_stages",)),
    PlanPage(_("Thresholds"), "incidents:thresholds", ("thresholds",)),
    PlanPage(_("Contacts"), "incidents:contacts", ("contacts",)),
    PlanPage(_("Vendors"), "incidents:vendors", ("vendors",)),
    PlanPage(_("On call"), "incidents:oncall", ("rotations",)),
    PlanPage(_("Escalation"), "incidents:escalation", ("escalation_policies",)),
    PlanPage(_("Checklists"), "incidents:checklists", ("checklists",)),
    PlanPage(_("Updates"), "incidents:update-policies", ("status_updates",)),
    PlanPage(_("Report"), "incidents:report", ("report_template",)),
)
