"""Addresses of licenses, orders and seats."""

from __future__ import annotations

from django.urls import URLPattern, path

from seatkeep_hub.portal.views import license_acts, licenses, orders, runs, seat_acts, seats, shares

_one = "licenses/<uuid:uid>/"

urls: list[URLPattern] = [
    path("licenses/", licenses.licenses, name="licenses"),
    path("licenses/order/", orders.order, name="license-order"),
    path("licenses/suspend/", license_acts.licenses_pause, name="licenses-suspend"),
    path("licenses/resume/", license_acts.licenses_resume, name="licenses-resume"),
    path(_one, licenses.license, name="license"),
    path(f"{_one}devices/", licenses.license_devices, name="license-devices"),
    path(f"{_one}shares/", shares.license_shares, name="license-shares"),
    path(f"{_one}sites/<uuid:share>/limit/", shares.site_cap, name="site-limit"),
    path(f"{_one}shares/<str:product>/", shares.shares_spread_ask, name="license-spread"),
    path(f"{_one}history/", licenses.license_history, name="license-history"),
    path(f"{_one}seats/", orders.license_seats, name="license-seats"),
    path(f"{_one}key/", licenses.license_key, name="license-key"),
    path(f"{_one}key/new/", licenses.license_key_new, name="license-key-new"),
    path(f"{_one}suspend/", license_acts.license_pause, name="license-suspend"),
    path(f"{_one}overuse/", license_acts.license_overuse, name="license-overuse"),
    path(f"{_one}bundle/", license_acts.license_bundle, name="license-bundle"),
    path(f"{_one}trial/extend/", license_acts.trial_longer, name="trial-extend"),
    path(f"{_one}trial/convert/", license_acts.trial_full, name="trial-convert"),
    path(f"{_one}trial/remove/", license_acts.trial_end, name="trial-remove"),
    path("agreements/<uuid:uid>/seats/", orders.agreement_seats, name="agreement-seats"),
    path("companies/<uuid:uid>/order/", orders.seats_order_new, name="company-order"),
    path("companies/<uuid:uid>/sites/", shares.site_new, name="company-site"),
    path("planned/<uuid:uid>/cancel/", orders.plan_cancel, name="plan-cancel"),
    path("terms/<uuid:uid>/", orders.terms, name="terms"),
    path("runs/<uuid:uid>/", runs.run, name="run"),
    path("seats/", seats.seats, name="seats"),
    path("seats/stop/", seats.seats_stop, name="seats-stop"),
    path("seats/move/", seat_acts.seats_move, name="seats-move"),
    path("seats/undo/", seats.seats_undo_ask, name="seats-undo-ask"),
    path("seats/undo/now/", seats.seats_undo, name="seats-undo"),
    path("seats/questions/", seat_acts.questions, name="seat-questions"),
    path("seats/questions/<uuid:uid>/", seat_acts.question_answer_ask, name="seat-question"),
    path("seats/silent/", seat_acts.silent, name="seats-silent"),
    path("companies/<uuid:uid>/silent/", seat_acts.stale_rule, name="company-stale-rule"),
    path("seats/<uuid:uid>/", seats.seat, name="seat"),
    path("seats/<uuid:uid>/name/", seats.seat_name, name="seat-name"),
    path("seats/<uuid:uid>/stop/", seats.seat_stop, name="seat-stop"),
    path("seats/<uuid:uid>/move/", seat_acts.seat_move, name="seat-move"),
]
