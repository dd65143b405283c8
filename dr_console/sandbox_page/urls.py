"""Addresses of the sandbox's page. In live mode there is nothing at any of them."""

from __future__ import annotations

from django.urls import path

from dr_console.sandbox_page import views

app_name = "sandbox"
urlpatterns = [
    path("", views.page, name="page"),
    path("world/", views.world, name="world"),
    path("outbox/", views.outbox, name="outbox"),
    path("outbox/<int:message>/answer/", views.answer, name="answer"),
    path("scenarios/<slug:name>/start/", views.start_scenario, name="start-scenario"),
    path("scenarios/<slug:name>/heal/", views.heal_scenario, name="heal-scenario"),
    path("faults/add/", views.add_fault, name="add-fault"),
    path("faults/<slug:id>/heal/", views.heal_fault, name="heal-fault"),
    path("heal/", views.heal_everything, name="heal"),
    path("clock/", views.set_clock, name="set-clock"),
    path("begin-anew/", views.begin_anew, name="begin-anew"),
]
