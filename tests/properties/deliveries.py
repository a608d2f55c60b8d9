"""Small contracts and files for them, made together, so that it is known of every row what must become of it.

A field of a contract has cells: a text as delivered, the value it means, and what is wrong with it, said when the cell is
made. A row is a cell of each field, or a line that is broken as a whole. Nothing here reads a file or asks the product.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

import yaml
from hypothesis import strategies as st

from basketry.tables import CAMPAIGNS, EVENTS, LINEAGE, PRODUCTS, REVIEWS, Table
from tests.properties.cells import Cell, Field, fields, properties

CATALOG, FEED = "shop", "things"
ENTITIES = (EVENTS, PRODUCTS, REVIEWS, CAMPAIGNS)
ZONES = ("America/New_York", "Europe/Paris", "Australia/Lord_Howe", "Asia/Kathmandu")
DEFECTS = {
    "csv": ("row:too_many_fields", "row:too_few_fields", "row:bad_quoting", "row:nul_byte"),
    "jsonl": ("row:not_json", "row:not_an_object", "row:duplicate_key", "row:nul_byte"),
}


@dataclass(frozen=True, kw_only=True)
class Feed:
    """A contract: the entity, the file's format, the retailer's zone and the fields, those of the key first."""

    entity: Table
    kind: str
    delimiter: str
    zipped: bool
    zone: str
    fields: tuple[Field, ...]

    def __repr__(self) -> str:
        """In few words."""
        return f"Feed({self.entity.name}, {self.kind}, {self.delimiter!r}, zipped={self.zipped}, {self.zone})"

    def catalog(self) -> str:
        """include/catalogs/shop.yaml."""
        document = {
            "catalog": CATALOG,
            "description": "A shop.",
            "time_zone": self.zone,
            "currency": "EUR",
            "country": "FR",
        }
        return yaml.safe_dump(document)

    def contract(self) -> str:
        """include/contracts/shop/things.odcs.yaml."""
        rule = {"fromFileName": "things_([0-9]{4}-[0-9]{2}-[0-9]{2})", "format": "yyyy-MM-dd"}
        settings = {
            "filePatterns": ["things_*"],
            "format": self.kind,
            "maxRejectedShare": 1.0,
            "deliveredAt": rule,
            "nullValues": ["", "n/a"],
        } | ({"delimiter": self.delimiter, "decimalSign": ",", "thousandsSign": "."} if self.kind == "csv" else {})
        delivered = {
            "name": "delivered",
            "physicalType": "file",
            "logicalType": "object",
            "customProperties": properties(settings),
            "properties": [dict(field.delivered) for field in self.fields],
        }
        mapped = [dict(field.mapped) for field in self.fields]
        if self.entity is EVENTS:
            mapped.append({"name": "event_date", "transformLogic": "to_date(d_occurred_at)"})
        rules = [dict(rule) for field in self.fields for rule in field.rules]
        target = {
            "name": self.entity.name,
            "physicalType": "table",
            "logicalType": "object",
            "properties": mapped,
            "quality": rules,
        }
        head = {
            "apiVersion": "v3.2.0",
            "kind": "DataContract",
            "id": f"{CATALOG}.{FEED}",
            "name": FEED,
            "version": "1.0.0",
        }
        head |= {"status": "active", "tenant": CATALOG, "description": {"purpose": "Made up."}}
        return yaml.safe_dump({**head, "schema": [delivered, target]}, sort_keys=False, allow_unicode=True)


@dataclass(frozen=True)
class Line:
    """A delivered row with its number, or what is wrong with it as a whole."""

    number: int
    cells: tuple[Cell, ...]
    defect: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """All that is said against it."""
        return (self.defect,) if self.defect else tuple(reason for cell in self.cells for reason in cell.reasons)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is said about it where it is good."""
        return () if self.reasons else tuple(found for cell in self.cells for found in cell.warnings)


@dataclass(frozen=True)
class Delivery:
    """A file: day of its name, bytes, and its rows."""

    day: date
    content: bytes
    lines: tuple[Line, ...]

    def __repr__(self) -> str:
        """In few words: hypothesis prints every file of a failure."""
        return f"Delivery({self.day}, {self.content[:200]!r}…, {len(self.lines)} lines)"

    @property
    def checksum(self) -> str:
        """As the ledger calls it."""
        return sha256(self.content).hexdigest()

    def kept(self, keys: int) -> dict[tuple[object, ...], Line]:
        """The last good row of each key; keys: how many fields, the first ones, are the key."""
        return {tuple(cell.value for cell in line.cells[:keys]): line for line in self.lines if not line.reasons}

    def counts(self, keys: int) -> tuple[int, int, int, int, int]:
        """Rows read, good, quarantined, duplicate and warned."""
        bad = sum(bool(line.reasons) for line in self.lines)
        good_lines = self.kept(keys).values()
        return (
            len(self.lines),
            len(good_lines),
            bad,
            len(self.lines) - bad - len(good_lines),
            sum(bool(line.warnings) for line in good_lines),
        )

    def reasons(self) -> dict[str, int]:
        """Rows by reason and by warning."""
        return dict(Counter(said for line in self.lines for said in (*line.reasons, *line.warnings)))


def newest(deliveries: Sequence[Delivery], feed: Feed) -> dict[tuple[object, ...], dict[str, object]]:
    """Silver by key: of several deliveries the newest; of a day's the one written later, here that with the greater checksum."""
    keys, rows = len(feed.entity.key), {}
    for delivery in sorted(deliveries, key=lambda one: (one.day, one.checksum)):
        for key, line in delivery.kept(keys).items():
            row = {one.name: cell.value for one, cell in zip(feed.fields, line.cells, strict=True)}
            if feed.entity is EVENTS:
                at = row["occurred_at"]
                assert isinstance(at, datetime)
                row["event_date"] = at.astimezone(ZoneInfo(feed.zone)).date()
            rows[key] = row | {"_file_checksum": delivery.checksum, "_row_number": line.number}
    return rows


@st.composite
def feeds(draw: st.DrawFn) -> Feed:
    """Any contract of these entities: formats, zones, what is needed, allowed, in range, mapped."""
    entity, zone = draw(st.sampled_from(ENTITIES)), draw(st.sampled_from(ZONES))
    kind, delimiter = draw(st.sampled_from(["csv", "jsonl"])), draw(st.sampled_from(",;|\t"))
    lineage = {column.name for column in LINEAGE}
    names = [*entity.key, *(name for name in entity.column_names if name not in entity.key)]
    found = [draw(fields(entity, name, zone, kind)) for name in names if name not in lineage and name != "event_date"]
    return Feed(
        entity=entity, kind=kind, delimiter=delimiter, zipped=draw(st.booleans()), zone=zone, fields=tuple(found)
    )


@st.composite
def deliveries(draw: st.DrawFn, feed: Feed) -> list[Delivery]:
    """Files of a few days, some of one day; one of them comes again on a later day."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    first = date(2026, 11, 3)
    drawn = [
        _delivery(feed, first + timedelta(days=chance.randrange(3)), chance) for _ in range(draw(st.integers(3, 4)))
    ]
    again = chance.choice(drawn)
    return [*drawn, Delivery(again.day + timedelta(days=2), again.content, again.lines)]


def _delivery(feed: Feed, day: date, chance: random.Random) -> Delivery:
    rows: list[tuple[tuple[Cell, ...], str]] = []
    for _ in range(chance.randrange(10, 30)):
        cells = tuple(
            chance.choice(field.bad if field.bad and chance.random() < 0.06 else field.good) for field in feed.fields
        )
        rows.append((cells, chance.choice(DEFECTS[feed.kind]) if chance.random() < 0.12 else ""))
    rows.append(rows[0])
    number, texts, lines = 0 if feed.kind == "jsonl" else 1, [], []
    for cells, defect in rows:
        number += 1
        if chance.random() < 0.1:
            texts.append(chance.choice(["", "  "]))
            number += 1
        texts.append(_written(feed, cells, defect, chance))
        lines.append(Line(number, cells, defect))
    headers = [str(field.delivered["physicalName"]) for field in feed.fields]
    head = [_csv(headers, feed.delimiter)] if feed.kind == "csv" else []
    if feed.kind == "jsonl":  # what its first lines lack stands for a column that the file lacks
        texts.append(json.dumps(dict.fromkeys(headers, "n/a")))
        missing = tuple(next(cell for cell in (*field.bad, *field.good) if cell.text == "n/a") for field in feed.fields)
        lines.append(Line(number + 1, missing))
    content = "".join(f"{text}\n" for text in (*head, *texts)).encode()
    return Delivery(day, gzip.compress(content, mtime=0) if feed.zipped else content, tuple(lines))


def _written(feed: Feed, cells: Sequence[Cell], defect: str, chance: random.Random) -> str:
    texts = [cell.text for cell in cells]
    if defect == "row:nul_byte":
        texts[-1] += "\0"
    if feed.kind == "csv":
        if defect == "row:bad_quoting":
            return '"a"b' + feed.delimiter * (len(texts) - 1)
        cut = {"row:too_many_fields": [*texts, "surplus"], "row:too_few_fields": texts[:-1]}
        return _csv(cut.get(defect, texts), feed.delimiter)
    pairs = list(_pairs(feed, cells, texts, chance))
    said = "{" + ", ".join(f"{json.dumps(name)}: {text}" for name, text in pairs) + "}"
    twice = "{" + ", ".join(f"{json.dumps(name)}: {text}" for name, text in [pairs[0], pairs[0]]) + "}"
    return {"row:not_json": said[:-1], "row:not_an_object": '"' + "a" * 9 + '"', "row:duplicate_key": twice}.get(
        defect, said
    )


def _pairs(feed: Feed, cells: Sequence[Cell], texts: Sequence[str], chance: random.Random) -> Iterator[tuple[str, str]]:
    for field, cell, text in zip(feed.fields, cells, texts, strict=True):
        name = str(field.delivered["physicalName"])
        if (
            cell.value is None
            and not text.strip()
            and chance.random() < 0.3
            and len(cells) > 2
            and field is not feed.fields[0]
        ):
            yield name, "null"
        elif isinstance(cell.value, int) and text.isdigit() and (text == "0" or text[0] != "0"):
            yield name, text
        else:
            yield name, json.dumps(text, ensure_ascii=chance.random() < 0.5)


def _csv(texts: Sequence[str], delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerow(texts)
    return text.getvalue().removesuffix("\n")
