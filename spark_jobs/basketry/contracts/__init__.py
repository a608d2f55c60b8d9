"""Data contracts: what the file of a feed looks like, what it means, and what makes a row bad. Plain Python, no Spark."""

from __future__ import annotations

from basketry.config.catalogs import Catalog, catalog_names, load_catalog
from basketry.contracts.loader import feed_names, load_contract, load_contracts, select_contracts
from basketry.contracts.model import Contract, DeliveredAt, DeliveredColumn, FileFormat, MappedColumn, QualityRule

__all__ = [
    "Catalog",
    "Contract",
    "DeliveredAt",
    "DeliveredColumn",
    "FileFormat",
    "MappedColumn",
    "QualityRule",
    "catalog_names",
    "feed_names",
    "load_catalog",
    "load_contract",
    "load_contracts",
    "select_contracts",
]
