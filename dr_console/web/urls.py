"""Addresses of what belongs to no app. The choice of language is `set_language` in the console's own urls."""

from __future__ import annotations

from django.urls import path

from dr_console.web import views

app_name = "web"
urlpatterns = [
    path("find/", views.palette, name="palette"),
    path("look/", views.choose_theme, name="theme"),
    path("style/", views.style_guide, name="style"),
]
