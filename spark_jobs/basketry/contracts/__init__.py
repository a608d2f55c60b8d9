"""Contracts: what a feed's file looks like, what it means, and what makes a row bad. Plain Python, no Spark."""

from __future__ import annotations

from basketry.config.catalogs import Catalog, catalog_names, load_catalog
from basketry.contracts.loader import chosen_contracts, feed_names, load_contract, load_contracts
from basketry.contracts.model import Contract, DeliveredAt, DeliveredColumn, FileFormat, MappedColumn, Rule

__all__ = [
    "Catalog",
    "Contract",
    "DeliveredAt",
    "DeliveredColumn",
    "FileFormat",
    "MappedColumn",
    "Rule",
    "catalog_names",
    "chosen_contracts",
    "feed_names",
    "load_catalog",
    "load_contract",
    "load_contracts",
]
