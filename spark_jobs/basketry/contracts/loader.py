"""Loads contracts: reads the YAML, checks every word, and returns the records from which the rest of Basketry works."""

from __future__ import annotations

from pathlib import Path

from basketry.config import formats
from basketry.config.catalogs import file_label, include_folder, load_catalog
from basketry.config.documents import Node, custom_properties, did_you_mean, read_document
from basketry.config.settings import EVERY_FEED
from basketry.contracts import delivered, keys, mapping
from basketry.contracts.model import Contract
from basketry.errors import BadInputError

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
    root = read_document(path, file_label(path, folder))
    top = root.mapping("a contract", keys.TOP, keys.TOP_REQUIRED)
    _check_head(top, catalog, feed)
    return _read_schema(top, path, default_zone=load_catalog(catalog, folder).time_zone)


def _check_head(top: dict[str, Node], catalog: str, feed: str) -> None:
    top["apiVersion"].choice("apiVersion", (keys.API_VERSION,))
    top["kind"].choice("kind", ("DataContract",))
    top["status"].choice("status", keys.STATUSES)
    for key, right in (("name", feed), ("tenant", catalog), ("id", f"{catalog}.{feed}")):
        if top[key].string(key) != right:
            top[key].fail(f"{key} is '{top[key].value}', the file's place says '{right}'; make them equal.")
    formats.read_slug(top["name"], "name")
    version = top["version"].string("version")
    if [part.isdigit() for part in version.split(".")] != [True] * 3:
        top["version"].fail(f"version '{version}' must be three numbers such as 1.0.0.")


def _read_schema(top: dict[str, Node], path: Path, default_zone: str) -> Contract:
    objects = top["schema"].items("schema")
    if len(objects) != 2:
        top["schema"].fail(f"schema has {len(objects)} objects; write two: {keys.DELIVERED}, then the entity.")
    source = _read_object(objects[0], "file", keys.DELIVERED_OBJECT)
    target = _read_object(objects[1], "table", keys.ENTITY_OBJECT)
    source["name"].choice("name of the first schema object", (keys.DELIVERED,))
    settings = custom_properties(source.get("customProperties"), keys.DELIVERED, keys.FILE_PROPERTIES)
    zone = formats.read_time_zone(settings["timeZone"], "timeZone") if "timeZone" in settings else default_zone
    entity = mapping.read_entity(target["name"])
    columns = delivered.read_delivered_columns(source["properties"])
    mapped, nodes = mapping.read_mapped_columns(target["properties"], entity, columns, zone)

    return Contract(
        catalog=top["tenant"].value,
        feed=top["name"].value,
        version=top["version"].value,
        description=_description(top.get("description")),
        path=path,
        entity=entity,
        file=delivered.read_file_format(settings, objects[0]),
        delivered=columns,
        mapped=mapped,
        rules=mapping.read_quality_rules(
            target.get("quality"), mapped=mapped, delivered=columns, mapped_names=nodes, time_zone=zone
        ),
        max_rejected_share=delivered.read_max_rejected_share(settings.get("maxRejectedShare")),
        unknown_columns=delivered.read_unknown_columns(settings.get("unknownColumns")),
        delivered_at=delivered.read_delivered_at(settings.get("deliveredAt")),
        time_zone=zone,
    )


def _read_object(node: Node, physical: str, allowed: tuple[str, ...]) -> dict[str, Node]:
    entries = node.mapping("a schema object", allowed, keys.OBJECT_REQUIRED)
    entries["physicalType"].choice("physicalType", (physical,))
    entries["logicalType"].choice("logicalType", ("object",))
    return entries


def _description(node: Node | None) -> str:
    if node is None:
        return ""
    entries = node.mapping("description", keys.DESCRIPTION)
    return entries["purpose"].string("purpose") if "purpose" in entries else ""
