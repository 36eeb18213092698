"""Addresses of company pages, of acts on several companies, and of requests."""

from __future__ import annotations

from django.urls import URLPattern, path

from seatkeep_hub.portal.views import agreements_of_many, companies, company_acts, company_details, requests, usage

urls: list[URLPattern] = [
    path("companies/", companies.companies, name="companies"),
    path("companies/new/", company_details.company_new, name="company-new"),
    path("companies/agreements/", agreements_of_many.companies_agree, name="companies-agree"),
    path("companies/act/<str:act>/", company_acts.companies_act, name="companies-act"),
    path("companies/acts/<uuid:uid>/", company_acts.act, name="company-act"),
    path("companies/<uuid:uid>/", companies.company, name="company"),
    path("companies/<uuid:uid>/licenses/", companies.company_licenses, name="company-licenses"),
    path("companies/<uuid:uid>/seats/", companies.company_seats, name="company-seats"),
    path("companies/<uuid:uid>/usage/", usage.company_usage, name="company-usage"),
    path("companies/<uuid:uid>/usage/count/", usage.usage_count, name="company-usage-count"),
    path("companies/<uuid:uid>/people/", companies.company_people, name="company-people"),
    path("companies/<uuid:uid>/audit/", companies.company_audit, name="company-audit"),
    path("companies/<uuid:uid>/edit/", company_details.company_edit, name="company-edit"),
    path("companies/<uuid:uid>/name/", company_details.company_name, name="company-name"),
    path("companies/<uuid:uid>/trust/", company_details.company_trust, name="company-trust"),
    path("companies/<uuid:uid>/remove/", company_details.company_out, name="company-remove"),
    path("companies/<uuid:uid>/notes/new/", company_details.note_new, name="company-note-new"),
    path("companies/<uuid:uid>/notes/<uuid:note_uid>/", company_details.note_change, name="company-note"),
    path("companies/<uuid:uid>/notes/<uuid:note_uid>/remove/", company_details.note_drop, name="company-note-remove"),
    path("companies/<uuid:uid>/move/", company_acts.company_move, name="company-move"),
    path("companies/<uuid:uid>/suspend/", companies.company_pause, name="company-suspend"),
    path("requests/", requests.requests, name="requests"),
    path("requests/new/", requests.request_order, name="request-new"),
    path("requests/<uuid:uid>/", requests.request, name="request"),
    path("requests/<uuid:uid>/approve/", requests.request_yes, name="request-approve"),
    path("requests/<uuid:uid>/reject/", requests.request_no, name="request-reject"),
    path("requests/<uuid:uid>/cancel/", requests.request_back, name="request-cancel"),
]
