"""Addresses of the plan, its versions and the forms of its entries."""

from __future__ import annotations

from django.urls import path

from dr_console.plans import views

app_name = "plans"
urlpatterns = [
    path("", views.plan_overview, name="overview"),
    path("versions/", views.version_list, name="versions"),
    path("versions/compare/", views.version_compare, name="compare"),
    path("versions/<int:number>/", views.version_detail, name="version"),
    path("versions/<int:number>/plan.yaml", views.version_file, name="version-file"),
    path("<slug:name>/add/", views.entry_add, name="add"),
    path("<slug:name>/edit/", views.entry_edit, name="edit-single"),
    path("<slug:name>/<slug:key>/edit/", views.entry_edit, name="edit"),
    path("<slug:name>/<slug:key>/remove/", views.entry_remove, name="remove"),
    path("<slug:name>/<slug:key>/move/", views.entry_move, name="move"),
]
