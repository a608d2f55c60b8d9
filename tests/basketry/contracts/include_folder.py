"""A good contract to spoil: writes an include folder and loads from it."""

from __future__ import annotations

from pathlib import Path

from basketry.contracts import Contract, load_contract

CATALOG = """\
catalog: shop
description: A shop.
time_zone: America/New_York
currency: USD
country: US
"""

GOOD = """\
apiVersion: v3.2.0
kind: DataContract
id: shop.ratings
name: ratings
version: 1.2.3
status: active
tenant: shop
description: {purpose: Ratings of products.}
schema:
  - name: delivered
    physicalType: file
    logicalType: object
    customProperties:
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

CLICKS = """\
apiVersion: v3.2.0
kind: DataContract
id: shop.clicks
name: clicks
version: 1.0.0
status: active
tenant: shop
description: {purpose: What shoppers do.}
schema:
  - name: delivered
    physicalType: file
    logicalType: object
    customProperties:
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


def write_include(folder: Path, contract: str = GOOD, catalog: str = CATALOG) -> Path:
    """The include folder of a catalog `shop` with one feed `ratings`."""
    include = folder / "include"
    (include / "catalogs").mkdir(parents=True)
    (include / "contracts" / "shop").mkdir(parents=True)
    (include / "catalogs" / "shop.yaml").write_text(catalog)
    (include / "contracts" / "shop" / "ratings.odcs.yaml").write_text(contract)
    return include


def load(folder: Path, contract: str = GOOD) -> Contract:
    """The contract, loaded."""
    return load_contract("shop", "ratings", write_include(folder, contract))


def spoiled(old: str, new: str) -> tuple[str, int]:
    """GOOD with the only `old` replaced, and the line where that stands."""
    assert GOOD.count(old) == 1, f"{old!r} is {GOOD.count(old)} times in the good contract"
    return GOOD.replace(old, new), GOOD[: GOOD.index(old)].count("\n") + 1
