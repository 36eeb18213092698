"""Addresses of the pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from seatkeep_hub.portal.billing_urls import urls as billing_urls
from seatkeep_hub.portal.catalog_urls import urls as catalog_urls
from seatkeep_hub.portal.company_urls import urls as company_urls
from seatkeep_hub.portal.license_urls import urls as license_urls
from seatkeep_hub.portal.views import (
    admins,
    agreements,
    alerts,
    audit,
    dashboard,
    imports,
    instances,
    joining,
    people,
    settings,
    setup,
    signing_in,
    usage,
)

app_name = "portal"

_first_run = [
    path("setup/", setup.setup, name="setup"),
    path("setup/wizard/", setup.SetupWizard.as_view(), name="setup-wizard"),
    path("welcome/kit/", setup.kit, name="setup-kit"),
    path("welcome/kit/download/", setup.kit_download, name="setup-kit-download"),
    path("welcome/", setup.finished, name="setup-finished"),
]
_invitations = [
    path("invite/person/<str:token>/", joining.invite_open, {"kind": "person"}, name="invite"),
    path("invite/admin/<str:token>/", joining.invite_open, {"kind": "admin"}, name="admin-invite-open"),
    path("invite/person/", joining.join, name="join"),
    path("invite/admin/", joining.admin_join, name="admin-join"),
]
_companies = [
    *company_urls,
    path("companies/<uuid:uid>/sign-in-rules/", signing_in.sign_in_rules, name="sign-in-rules"),
    path("companies/<uuid:uid>/agreement/", agreements.agreement, name="company-agreement"),
    path("companies/<uuid:uid>/off-board/", agreements.offboard, name="company-offboard"),
    path("companies/<uuid:uid>/restore/", agreements.restore, name="company-restore"),
    path("jobs/<uuid:uid>/", agreements.job, name="job"),
]
_imports = [
    path("imports/", imports.imports, name="imports"),
    path("imports/new/", imports.import_new, name="import-new"),
    path("imports/template/", imports.import_template, name="import-template"),
    path("imports/<uuid:uid>/", imports.import_page, name="import"),
    path("imports/<uuid:uid>/columns/", imports.import_columns, name="import-columns"),
    path("imports/<uuid:uid>/progress/", imports.import_progress, name="import-progress"),
    path("imports/<uuid:uid>/apply/", imports.import_go, name="import-apply"),
    path("imports/<uuid:uid>/undo/", imports.import_back, name="import-undo"),
    path("companies/<uuid:uid>/export/", imports.company_export, name="company-export"),
]
_usage = [
    path("usage/", usage.usage, name="usage"),
]
_people = [
    path("users/", people.users, name="users"),
    path("users/invite/", people.user_invite, name="user-invite"),
    path("users/<uuid:uid>/", people.user, name="user"),
    path("users/<uuid:uid>/edit/", people.user_edit, name="user-edit"),
    path("users/<uuid:uid>/role/", people.user_role, name="user-role"),
    path("users/<uuid:uid>/access/", people.user_matrix, name="user-matrix"),
    path("users/<uuid:uid>/access/set/", people.user_access, name="user-access"),
    path("users/<uuid:uid>/why/", people.user_why, name="user-why"),
    path("users/<uuid:uid>/sessions/", signing_in.user_sessions, name="user-sessions"),
    path("users/<uuid:uid>/sessions/end/", signing_in.user_session_end, name="user-session-end"),
    path("users/<uuid:uid>/act-as/", signing_in.act_as, name="act-as"),
    path("users/<uuid:uid>/alerts/", alerts.user_alerts, name="user-alerts"),
    path("users/<uuid:uid>/leave/", signing_in.leave, name="user-leave"),
    path("users/roles/", people.roles, name="roles"),
    path("users/invitations/<uuid:uid>/again/", people.invitation_again, name="invitation-again"),
    path("users/invitations/<uuid:uid>/withdraw/", people.invitation_withdraw, name="invitation-withdraw"),
    path("security-admins/", admins.admins, name="admins"),
    path("security-admins/invite/", admins.admin_new, name="admin-invite"),
    path("security-admins/<uuid:uid>/", admins.admin, name="admin"),
    path("security-admins/<uuid:uid>/revoke/", admins.admin_end, name="admin-revoke"),
]
_programs = [
    path("consoles/", instances.instances, name="instances"),
    path("consoles/<uuid:uid>/", instances.instance, name="instance"),
    path("consoles/<uuid:uid>/revoke/", instances.instance_stop, name="instance-revoke"),
    path("consoles/<uuid:uid>/linked/", instances.linked, name="linked"),
    path("link/", instances.link, name="link"),
    path("link/<str:code>/", instances.link_decide, name="link-decide"),
    path("audit/", audit.audit, name="audit"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/off/<str:token>/", alerts.off, name="alerts-off"),
    path("settings/", settings.settings, name="settings"),
    path("settings/mail-test/", settings.mail_test, name="mail-test"),
    path("settings/tokens/new/", settings.token_new, name="token-new"),
    path("settings/tokens/<uuid:uid>/renew/", settings.token_renew, name="token-renew"),
    path("settings/tokens/<uuid:uid>/revoke/", settings.token_drop, name="token-revoke"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", dashboard.dashboard, name="dashboard"),
    path("search/", dashboard.search, name="search"),
    *_first_run,
    *_invitations,
    *_companies,
    *_imports,
    *license_urls,
    *_usage,
    *catalog_urls,
    *billing_urls,
    *_people,
    *_programs,
]
