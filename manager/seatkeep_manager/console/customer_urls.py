"""Addresses of the pages about customers."""

from __future__ import annotations

from django.urls import path

from seatkeep_manager.console.views import customers, offboarding, set_ups

urlpatterns = [
    path("customers/", customers.customers, name="customers"),
    path("customers/ready/", customers.customers_ready, name="customers-ready"),
    path("customers/set-up/", set_ups.setup_new, name="customers-setup"),
    path("customers/set-ups/", set_ups.setups, name="setups"),
    path("customers/set-ups/<uuid:uid>/", set_ups.setup, name="setup"),
    path("customers/set-ups/<uuid:uid>/live/", set_ups.setup_live, name="setup-live"),
    path("customers/set-ups/<uuid:uid>/again/", set_ups.setup_again, name="setup-again"),
    path("customers/set-ups/<uuid:uid>/cancel/", set_ups.setup_stop, name="setup-cancel"),
    path("customers/rmm/", set_ups.rmm, name="rmm"),
    path("customers/rmm/file/", set_ups.rmm_file, name="rmm-file"),
    path("customers/templates/", set_ups.templates, name="templates"),
    path("customers/templates/new/", set_ups.template_new, name="template-new"),
    path("customers/templates/<uuid:uid>/", set_ups.template, name="template"),
    path("customers/templates/<uuid:uid>/delete/", set_ups.template_remove, name="template-delete"),
    path("customers/offboard/<uuid:uid>/", offboarding.offboard_live, name="offboard-live"),
    path("customers/<uuid:uid>/", customers.customer, name="customer"),
    path("customers/<uuid:uid>/setup/", customers.customer_setup, name="customer-setup"),
    path("customers/<uuid:uid>/ready/", customers.customer_ready, name="customer-ready"),
    path("customers/<uuid:uid>/tags/", customers.customer_tags, name="customer-tags"),
    path("customers/<uuid:uid>/offboard/", offboarding.customer_offboard, name="customer-offboard"),
    path(
        "customers/<uuid:uid>/offboard/cancel/", offboarding.customer_offboard_cancel, name="customer-offboard-cancel"
    ),
    path("customers/<uuid:uid>/offboard/retry/", offboarding.customer_offboard_retry, name="customer-offboard-retry"),
    path("customers/<uuid:uid>/hand-over/", offboarding.customer_hand_over, name="customer-hand-over"),
    path("customers/<uuid:uid>/return/", offboarding.customer_return, name="customer-return"),
]
