"""Addresses of the sandbox's page. In live mode there is nothing at any of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import path

from dr_console.sandbox_page import views

app_name = "sandbox"
ADDRESSES: dict[str, tuple[str, Callable[..., Any]]] = {
    "page": ("", views.page),
    "world": ("world/", views.world),
    "details": ("details/", views.details),
    "outbox": ("outbox/", views.outbox),
    "answer": ("outbox/<int:message>/answer/", views.answer),
    "start-scenario": ("scenarios/<slug:name>/start/", views.start_scenario),
    "heal-scenario": ("scenarios/<slug:name>/heal/", views.heal_scenario),
    "add-fault": ("faults/add/", views.add_fault),
    "heal-fault": ("faults/<slug:id>/heal/", views.heal_fault),
    "heal": ("heal/", views.heal_everything),
    "set-clock": ("clock/", views.set_clock),
    "connect": ("connect/", views.connect),
    "begin-anew": ("begin-anew/", views.begin_anew),
}
urlpatterns = [path(route, views.in_sandbox_mode(view), name=name) for name, (route, view) in ADDRESSES.items()]
