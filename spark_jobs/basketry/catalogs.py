"""Catalogs, one retailer each: the public door to include/catalogs."""

from __future__ import annotations

from basketry.contracts.catalog import Catalog, Wish, catalog_names, load_catalog, load_wish

__all__ = ["Catalog", "Wish", "catalog_names", "load_catalog", "load_wish"]
