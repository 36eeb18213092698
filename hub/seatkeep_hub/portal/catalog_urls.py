"""Addresses of the catalog."""

from __future__ import annotations

from django.urls import URLPattern, path

from seatkeep_hub.portal.views import catalog

urls: list[URLPattern] = [
    path("catalog/", catalog.bundles, name="catalog-bundles"),
    path("catalog/bundles/new/", catalog.bundle_edit, name="catalog-bundle-new"),
    path("catalog/bundles/<str:code>/", catalog.bundle_edit, name="catalog-bundle"),
    path("catalog/products/", catalog.products, name="catalog-products"),
    path("catalog/products/new/", catalog.product_edit, name="catalog-product-new"),
    path("catalog/products/<str:code>/", catalog.product_edit, name="catalog-product"),
    path("catalog/terms/", catalog.terms, name="catalog-terms"),
    path("catalog/terms/new/", catalog.terms_edit, name="catalog-terms-new"),
]
