"""Contracts: a catalog with two feeds to be spoiled, ratings of products and what shoppers do; and records made by hand."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from basketry.contracts import Contract, FileFormat, MappedColumn, load_catalog, load_contract
from basketry.tables import Table
from tests.kit.documents import Document


def head(feed: str, purpose: str, *, version: str = "1.0.0") -> str:
    """How the contract of a feed of the catalog `shop` begins, as far as to the custom properties of its file."""
    return f"""\
apiVersion: v3.2.0
kind: DataContract
id: shop.{feed}
name: {feed}
version: {version}
status: active
tenant: shop
description: {{purpose: {purpose}}}
schema:
  - name: delivered
    physicalType: file
    logicalType: object
    customProperties:
"""


def a_contract(entity: Table, *, feed: str = "", **over: Any) -> Contract:
    """A contract that fills a table from CSV files; it has no columns and no rules, unless said otherwise."""
    usual = Contract(
        catalog="demo",
        feed=feed or entity.name,
        version="1.0.0",
        description="",
        path=Path(f"{feed or entity.name}.odcs.yaml"),
        entity=entity,
        file=FileFormat(kind="csv", patterns=("*.csv",)),
        delivered=(),
        mapped=(),
        rules=(),
        max_rejected_share=0.5,
        unknown_columns="rescue",
        delivered_at=None,
        time_zone="America/New_York",
    )
    return replace(usual, **over)


def mapped(entity: Table, name: str, expression: str, **over: Any) -> MappedColumn:
    """A column of the table from that expression, required as the table declares it."""
    column = entity.column(name)
    return MappedColumn(name=name, type=column.type, expression=expression, required=not column.nullable, **over)


_SHOP = """\
catalog: shop
description: A shop.
time_zone: America/New_York
currency: USD
country: US
"""

_RATINGS = (
    head("ratings", "Ratings of products.", version="1.2.3")
    + """\
      - {property: filePatterns, value: ["ratings_*.csv"]}
      - {property: format, value: csv}
      - {property: delimiter, value: ";"}
      - {property: nullValues, value: ["", n/a]}
      - {property: maxRejectedShare, value: 0.1}
      - {property: deliveredAt, value: {fromFileName: '_(\\d{4}-\\d{2}-\\d{2})', format: yyyy-MM-dd}}
    properties:
      - {name: rating_no, physicalName: Rating No., logicalType: integer, required: true}
      - {name: sku, logicalType: string}
      - {name: Stars, logicalType: number}
      - {name: Writer, logicalType: string, classification: pii}
      - {name: Written, logicalType: timestamp, logicalTypeOptions: {format: "M/d/yyyy H:mm"}}
      - {name: Verdict, logicalType: string, customProperties: [{property: optional, value: true}]}
  - name: reviews
    physicalType: table
    logicalType: object
    properties:
      - {name: review_id, logicalType: string, transformLogic: rating_no, primaryKey: true}
      - {name: product_id, transformLogic: upper(trim(sku)), customProperties: [{property: idPrefix, value: P-}]}
      - {name: customer_id, transformLogic: Writer, customProperties: [{property: valueMap, value: {no: N, "*": Y}}]}
      - {name: rating, logicalType: integer, transformLogic: cast(Stars as int)}
      - {name: reviewed_on, logicalType: date, transformLogic: to_date(Written)}
    quality:
      - name: rating_in_range
        type: custom
        engine: basketry
        implementation: rating between 1 and 5
        severity: reject
        description: One to five stars.
"""
)

_CLICKS = (
    head("clicks", "What shoppers do.")
    + """\
      - {property: filePatterns, value: ["*.csv"]}
      - {property: format, value: csv}
      - {property: maxRejectedShare, value: 0.5}
    properties:
      - {name: id, logicalType: string}
      - {name: what, logicalType: string}
      - {name: at, logicalType: timestamp}
  - name: events
    physicalType: table
    logicalType: object
    properties:
      - {name: event_id, transformLogic: id}
      - {name: event_type, transformLogic: what}
      - {name: occurred_at, transformLogic: at}
      - {name: event_date, transformLogic: to_date(at)}
"""
)

_PATHS = {feed: f"contracts/shop/{feed}.odcs.yaml" for feed in ("ratings", "clicks")}
SHOP = Document(
    path="catalogs/shop.yaml", text=_SHOP, load=partial(load_catalog, "shop"), beside={_PATHS["ratings"]: _RATINGS}
)
"""The catalog, which has one feed: ratings."""
RATINGS = Document(
    path=_PATHS["ratings"], text=_RATINGS, load=partial(load_contract, "shop", "ratings"), beside={SHOP.path: _SHOP}
)
CLICKS = Document(
    path=_PATHS["clicks"],
    text=_CLICKS,
    load=partial(load_contract, "shop", "clicks"),
    beside={SHOP.path: _SHOP, RATINGS.path: _RATINGS},
)
