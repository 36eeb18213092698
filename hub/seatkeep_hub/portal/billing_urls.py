"""Addresses of prices and statements."""

from __future__ import annotations

from django.urls import URLPattern, path

from seatkeep_hub.portal.views import billing, corrections, papers

urls: list[URLPattern] = [
    path("statements/", billing.statements, name="statements"),
    path("statements/<uuid:uid>/", billing.statement, name="statement"),
    path("statements/<uuid:uid>/count/", billing.statement_count, name="statement-count"),
    path("statements/<uuid:uid>/close/", billing.statement_end, name="statement-close"),
    path("statements/<uuid:uid>/send/", papers.statement_send, name="statement-send"),
    path("statements/<uuid:uid>/statement.pdf", papers.statement_paper, name="statement-pdf"),
    path("statements/<uuid:uid>/lines.csv", papers.statement_file, {"form": "csv"}, name="statement-csv"),
    path("statements/<uuid:uid>/lines.xlsx", papers.statement_file, {"form": "xlsx"}, name="statement-xlsx"),
    path("statements/month/", papers.month_files, name="month-files"),
    path("statements/month/lines.csv", papers.month_file, {"form": "csv"}, name="month-csv"),
    path("statements/month/lines.xlsx", papers.month_file, {"form": "xlsx"}, name="month-xlsx"),
    path("statements/month/send/", papers.month_send, name="month-send"),
    path("statements/settings/", papers.billing_settings, name="billing-settings"),
    path("statements/settings/<uuid:uid>/", papers.billing_settings, name="billing-settings-of"),
    path("statements/settings/<uuid:uid>/logo", papers.logo, name="billing-logo"),
    path("statements/settings/<uuid:uid>/layouts/new/", papers.layout_new, name="layout-new"),
    path("statements/layouts/<uuid:uid>/", papers.layout_edit, name="layout-change"),
    path("statements/layouts/<uuid:uid>/remove/", papers.layout_drop, name="layout-remove"),
    path("statements/corrections/", corrections.corrections, name="corrections"),
    path("statements/corrections/<uuid:uid>/approve/", corrections.approve, name="correction-approve"),
    path("statements/corrections/<uuid:uid>/reject/", corrections.reject, name="correction-reject"),
    path("statements/lines/<uuid:uid>/seats.pdf", papers.line_paper, name="statement-line-pdf"),
    path("statements/lines/<uuid:uid>/", billing.line, name="statement-line"),
    path("statements/lines/<uuid:uid>/seats.csv", billing.line_csv, name="statement-line-csv"),
    path("statements/lines/<uuid:uid>/correct/", corrections.line_correct, name="statement-line-correct"),
    path("prices/", billing.prices, name="prices"),
    path("prices/new/", billing.price_list_new, name="price-list-new"),
    path("prices/<uuid:uid>/", billing.price_list, name="price-list"),
    path("prices/<uuid:uid>/change/", billing.price_list_edit, name="price-list-change"),
]
