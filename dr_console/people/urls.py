"""Addresses of the pages about people."""

from __future__ import annotations

from django.urls import path

from dr_console.people import views

app_name = "people"
urlpatterns = [
    path("", views.people, name="list"),
    path("add/", views.add, name="add"),
    path("tokens/", views.tokens, name="tokens"),
    path("tokens/add/", views.add_token, name="add-token"),
    path("tokens/token/<str:name>/", views.token_detail, name="token"),
    path("tokens/token/<str:name>/revoke/", views.revoke_token, name="revoke-token"),
    path("preferences/", views.preferences, name="preferences"),
    path("person/<str:username>/", views.detail, name="detail"),
    path("person/<str:username>/details/", views.change_details, name="change-details"),
    path("person/<str:username>/role/", views.change_role, name="change-role"),
    path("person/<str:username>/deactivate/", views.deactivate, name="deactivate"),
    path("person/<str:username>/reactivate/", views.reactivate, name="reactivate"),
    path("person/<str:username>/reset-login/", views.reset_login, name="reset-login"),
]
