"""Addresses of everything about incidents, and about the plan's answer to them."""

from __future__ import annotations

from django.urls import path

from incidents.views import (
    checklist,
    contact,
    degradation,
    escalation,
    failover,
    health,
    incident,
    oncall,
    probe,
    recovery,
    service,
)

app_name = "incidents"
urlpatterns = [
    path("incidents/", incident.incident_list, name="list"),
    path("incidents/open/", incident.open_panel, name="open-panel"),
    path("incidents/<str:reference>/", incident.incident_detail, name="detail"),
    path("incidents/<str:reference>/bar/", incident.bar, name="bar"),
    path("incidents/<str:reference>/next/", incident.next_panel, name="next"),
    path("incidents/<str:reference>/run/", incident.run_panel, name="run"),
    path("incidents/<str:reference>/timeline/", incident.timeline_panel, name="timeline"),
    path("incidents/<str:reference>/deliveries/", incident.deliveries_panel, name="deliveries"),
    path("incidents/<str:reference>/diagnosis/", incident.diagnosis_panel, name="diagnosis"),
    path("contacts/", contact.contact_list, name="contacts"),
    path("contacts/vendors/", contact.vendor_list, name="vendors"),
    path("on-call/", oncall.rotation_list, name="oncall"),
    path("escalation/", escalation.escalation_matrix, name="escalation"),
    path("checklists/", checklist.checklist_list, name="checklists"),
    path("checklists/<slug:key>/", checklist.checklist_detail, name="checklist"),
    path("thresholds/", health.threshold_list, name="thresholds"),
    path("thresholds/breaches/", health.breach_list, name="breaches"),
    path("health/", probe.health, name="health"),
    path("health/panel/", probe.health_panel, name="health-panel"),
    path("regions/", service.region_list, name="regions"),
    path("services/", service.service_list, name="services"),
    path("services/world/", service.world_panel, name="world-panel"),
    path("degradation/", degradation.degradation_list, name="degradation"),
    path("failover/", failover.failover_list, name="failover"),
    path("failover/<slug:key>/", failover.failover_detail, name="failover-plan"),
    path("failover/<slug:key>/preview/", failover.failover_preview, name="failover-preview"),
    path("failover/<slug:key>/start/", failover.failover_start, name="failover-start"),
    path("recovery/", recovery.recovery_stages, name="recovery"),
    path("report/", recovery.report_template, name="report"),
]
