"""Catalogs, one retailer each: the public door to include/catalogs."""

from __future__ import annotations

from basketry.contracts.catalog import Catalog, catalog_names, load_catalog

__all__ = ["Catalog", "catalog_names", "load_catalog"]
