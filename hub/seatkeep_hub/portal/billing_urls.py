"""Addresses of prices and statements."""

from __future__ import annotations

from django.urls import URLPattern, path

from seatkeep_hub.portal.views import billing

urls: list[URLPattern] = [
    path("statements/", billing.statements, name="statements"),
    path("statements/<uuid:uid>/", billing.statement, name="statement"),
    path("statements/<uuid:uid>/count/", billing.statement_count, name="statement-count"),
    path("statements/<uuid:uid>/close/", billing.statement_end, name="statement-close"),
    path("statements/lines/<uuid:uid>/", billing.line, name="statement-line"),
    path("statements/lines/<uuid:uid>/seats.csv", billing.line_csv, name="statement-line-csv"),
    path("statements/lines/<uuid:uid>/correct/", billing.line_correct, name="statement-line-correct"),
    path("prices/", billing.prices, name="prices"),
    path("prices/new/", billing.price_list_new, name="price-list-new"),
    path("prices/<uuid:uid>/", billing.price_list, name="price-list"),
    path("prices/<uuid:uid>/change/", billing.price_list_edit, name="price-list-change"),
]
