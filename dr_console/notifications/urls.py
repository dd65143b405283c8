"""Addresses of messages."""

from __future__ import annotations

from django.urls import path

from dr_console.notifications import views

app_name = "notifications"
urlpatterns = [
    path("", views.delivery_list, name="list"),
    path("<int:pk>/", views.delivery_detail, name="detail"),
    path("<int:pk>/panel/", views.delivery_panel, name="panel"),
    path("<int:pk>/send-again/", views.send_again, name="send-again"),
    path("<int:pk>/keep-back/", views.keep_back, name="keep-back"),
]
