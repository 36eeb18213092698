"""Addresses of people, permission sets and API clients."""

from __future__ import annotations

from django.urls import path

from seatkeep_manager.console.views import api_clients, joining, leaving, permission_sets, users

urlpatterns = [
    path("users/", users.users, name="users"),
    path("users/invite/", users.user_invite, name="user-invite"),
    path("users/rules/", users.sign_in_rules, name="sign-in-rules"),
    path("users/invitations/<uuid:uid>/withdraw/", users.invitation_withdraw, name="invitation-withdraw"),
    path("users/<uuid:uid>/", users.user, name="user"),
    path("users/<uuid:uid>/give/", users.user_give, name="user-give"),
    path("users/<uuid:uid>/take/<uuid:grant>/", users.user_take, name="user-take"),
    path("users/<uuid:uid>/home/", users.user_home, name="user-home"),
    path("users/<uuid:uid>/why/", users.user_why, name="user-why"),
    path("users/<uuid:uid>/sessions/", users.user_sessions, name="user-sessions"),
    path("users/<uuid:uid>/sessions/end/", users.user_session_end, name="user-session-end"),
    path("users/<uuid:uid>/leave/", leaving.leave, name="user-leave"),
    path("permission-sets/", permission_sets.permission_sets, name="permission-sets"),
    path("permission-sets/new/", permission_sets.permission_set_new, name="permission-set-new"),
    path("permission-sets/<uuid:uid>/", permission_sets.permission_set_edit, name="permission-set"),
    path("permission-sets/<uuid:uid>/delete/", permission_sets.permission_set_delete, name="permission-set-delete"),
    path("api-clients/", api_clients.api_clients, name="api-clients"),
    path("api-clients/new/", api_clients.api_client_new, name="api-client-new"),
    path("api-clients/<uuid:uid>/rotate/", api_clients.api_client_rotate, name="api-client-rotate"),
    path("api-clients/<uuid:uid>/revoke/", api_clients.api_client_revoke, name="api-client-revoke"),
    path("invite/<str:token>/", joining.invite, name="invite"),
    path("join/", joining.join, name="join"),
]
