"""People as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PeopleConfig(AppConfig):
    name = "dr_console.people"
    verbose_name = _("People")

    def ready(self) -> None:
        from dr_console.audit import actions
        from dr_console.people import services
        from dr_console.people.search import find_people
        from dr_console.web import choices, navigation

        choices.keep_with(lambda person, name, value: services.change_preferences(person, **{name: value}))
        navigation.add_page(navigation.Destination(_("Add a person"), "people:add", "user", "people.manage"))
        navigation.add_page(navigation.Destination(_("API tokens"), "people:tokens", "settings", "people.manage"))
        navigation.add_search(find_people)
        actions.register(
            {
                "person.added": _("Person added"),
                "person.changed": _("Person’s details changed"),
                "person.role_changed": _("Role changed"),
                "person.deactivated": _("Person deactivated"),
                "person.reactivated": _("Person reactivated"),
                "person.login_reset": _("Login reset by an administrator"),
                "person.preferences_changed": _("Preferences changed"),
                "person.logged_in": _("Logged in"),
                "person.logged_out": _("Logged out"),
                "person.login_failed": _("Login failed: wrong name or password"),
                "person.code_failed": _("Login failed: wrong code"),
                "person.login_blocked": _("Login blocked: too many attempts"),
                "person.login_refused": _("Login refused"),
                "person.sign_on_failed": _("Single sign-on failed"),
                "person.password_changed": _("Password changed"),
                "person.password_set": _("Password set"),
                "person.password_reset": _("Password set with a link"),
                "person.totp_activated": _("Authenticator app added"),
                "person.totp_deactivated": _("Authenticator app removed"),
                "person.recovery_codes_generated": _("Recovery codes made"),
                "person.webauthn_added": _("Passkey added"),
                "person.webauthn_removed": _("Passkey removed"),
                "token.made": _("API token made"),
                "token.revoked": _("API token revoked"),
                "person.account_connected": _("Single sign-on connected"),
                "person.account_disconnected": _("Single sign-on disconnected"),
            }
        )
