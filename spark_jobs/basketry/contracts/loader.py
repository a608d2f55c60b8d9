"""Loads contracts: reads the YAML, checks every word, and returns the records from which the rest of Basketry works."""

from __future__ import annotations

from pathlib import Path

from basketry.config.catalogs import file_label, include_folder, load_catalog
from basketry.config.documents import did_you_mean
from basketry.config.locator import load_document, parse_document
from basketry.config.settings import EVERY_FEED
from basketry.contracts import delivered, mapping
from basketry.contracts.documents import DELIVERED, ContractDocument, DeliveredObject, EntityObject
from basketry.contracts.model import Contract, DeliveredAt
from basketry.errors import BadInputError
from basketry.tables import silver_table

SUFFIX = ".odcs.yaml"
LOADING_ORDER = (
    "products",
    "customers",
    "opt_outs",
    "campaigns",
    "campaign_members",
    "coupons",
    "redemptions",
    "reviews",
    "events",
    "order_lines",
)
"""Entities in the order in which their feeds are loaded: those that others refer to first, the long ones last."""


def feed_names(catalog: str, include: Path | None = None) -> list[str]:
    """List the names of a catalog's feeds, sorted, from the names of its files alone.

    Raises:
        BadInputError: if there is no such catalog.
    """
    folder = include_folder(include)
    load_catalog(catalog, folder)
    return sorted(path.name.removesuffix(SUFFIX) for path in (folder / "contracts" / catalog).glob(f"*{SUFFIX}"))


def load_contracts(catalog: str, include: Path | None = None) -> dict[str, Contract]:
    """Load all contracts of a catalog, by feed.

    Raises:
        ContractError: at the first mistake.
    """
    return {feed: load_contract(catalog, feed, include) for feed in feed_names(catalog, include)}


def select_contracts(catalog: str, feed: str, include: Path | None = None) -> list[Contract]:
    """Load the contract of a feed; for EVERY_FEED all contracts of the catalog, in loading order."""
    if feed != EVERY_FEED:
        return [load_contract(catalog, feed, include)]
    contracts = load_contracts(catalog, include).values()
    return sorted(contracts, key=lambda contract: (LOADING_ORDER.index(contract.entity.name), contract.feed))


def load_contract(catalog: str, feed: str, include: Path | None = None) -> Contract:
    """Load the contract of a feed.

    Raises:
        BadInputError: for an unknown catalog or feed.
        ContractError: for a mistake, with the file, the line and the nearest right word.
    """
    folder = include_folder(include)
    feeds = feed_names(catalog, folder)
    if feed not in feeds:
        hint = did_you_mean(feed, feeds) if feeds else f"add {folder.name}/contracts/{catalog}/{feed}{SUFFIX}."
        raise BadInputError(f"unknown feed '{feed}' of catalog '{catalog}'; {hint}")
    path = folder / "contracts" / catalog / f"{feed}{SUFFIX}"
    expected = {"name": feed, "tenant": catalog, "id": f"{catalog}.{feed}"}
    document = load_document(ContractDocument, path, file_label(path, folder), expected)
    return _read_schema(document, path, default_zone=load_catalog(catalog, folder).time_zone)


def _read_schema(document: ContractDocument, path: Path, default_zone: str) -> Contract:
    objects = document.objects.items("schema")
    if len(objects) != 2:
        document.objects.fail(f"schema has {len(objects)} objects; write two: {DELIVERED}, then the entity.")
    source, target = parse_document(DeliveredObject, objects[0]), parse_document(EntityObject, objects[1])
    settings = delivered.read_file_properties(source, objects[0])
    zone, stamp = settings.time_zone or default_zone, settings.delivered_at
    entity = silver_table(target.name)
    columns = delivered.delivered_columns(source, objects[0])
    mapped, nodes = mapping.read_mapped_columns(target.properties, entity, columns, zone)

    return Contract(
        catalog=document.tenant,
        feed=document.name,
        version=document.version,
        description=document.description.purpose,
        path=path,
        entity=entity,
        file=delivered.file_format(settings),
        delivered=columns,
        mapped=mapped,
        rules=mapping.read_quality_rules(
            target.quality, mapped=mapped, delivered=columns, mapped_names=nodes, time_zone=zone
        ),
        max_rejected_share=settings.max_rejected_share,
        unknown_columns=settings.unknown_columns,
        delivered_at=None if stamp is None else DeliveredAt(stamp.from_file_name, stamp.format),
        time_zone=zone,
    )
