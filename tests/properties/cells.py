"""The fields of made-up contracts: what may stand in a delivered column, what it means, and what is wrong with it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from basketry.tables import RATING_BOUNDS, Table, Vocabulary

DATES = {"yyyy-MM-dd": "%Y-%m-%d", "dd.MM.yyyy": "%d.%m.%Y", "MM/dd/yyyy": "%m/%d/%Y"}
TIMES = {"yyyy-MM-dd HH:mm:ss": "%Y-%m-%d %H:%M:%S", "dd.MM.yyyy HH:mm": "%d.%m.%Y %H:%M"}
ZONED = "yyyy-MM-dd'T'HH:mm:ssXXX"
DAYS = [
    date(2026, 3, 8),
    date(2026, 10, 25),
    date(2026, 11, 1),
    date(2024, 2, 29),
    date(2025, 12, 31),
    date(2026, 6, 15),
]
"""Days on which clocks change, a leap day, the end of a year, and one like any other."""
TEXTS = [
    "tea",
    "Tee, grün",
    '5" pan',
    "two\nlines",
    "naïve café ☕",
    "شاي أخضر",
    "👩‍👩‍👧 family",
    "'; DROP TABLE silver.products; --",
    "=cmd|' /C calc'!A0",
    "null",
    "NaN",
    "-",
    "0",
    "a\\b",
    "semi;colon|pipe\ttab",
    "x" * 130,
    "Zoe\u0301",
]
_KINDS = {"string": "string", "date": "date", "timestamp": "timestamp", "int": "integer", "bigint": "integer"}


@dataclass(frozen=True)
class Cell:
    """A text, what it means, and what is said against it or, where that is only a warning, about it."""

    text: str
    value: object
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Field:
    """A delivered column `d_<name>` that fills the entity's column; good and bad: the cells it may have."""

    name: str
    delivered: Mapping[str, object]
    mapped: Mapping[str, object]
    rules: tuple[Mapping[str, object], ...]
    good: tuple[Cell, ...]
    bad: tuple[Cell, ...]


@st.composite
def fields(draw: st.DrawFn, entity: Table, name: str, zone: str, kind: str) -> Field:
    """A field that fills the entity's column: needed or not, mapped or not, with a rule or without."""
    column = entity.column(name)
    logical = _KINDS.get(column.type, "number")
    delivered: dict[str, object] = {"name": f"d_{name}", "physicalName": f"{name} é,1", "logicalType": logical}
    mapped: dict[str, object] = {"name": name, "transformLogic": f"d_{name}"}
    if draw(st.booleans()):
        delivered["required"] = True
    absent = f"d_{name}" if "required" in delivered else "" if column.nullable else name
    reasons = (f"{absent}:missing",) if absent else ()
    if absent == "occurred_at":
        reasons = (*reasons, "event_date:missing")  # the day is made of it
    missing = [Cell(text, None, reasons) for text in ("", "n/a", "  ")]
    if name in entity.key:
        prefix = draw(st.sampled_from(["", "K-"]))
        mapped["customProperties"] = properties({"idPrefix": prefix} if prefix else {})
        good = [Cell(f" {text} ", prefix + text) for text in ("1", "2", "3", "é4", '5"', "6,;|")]
        return Field(name=name, delivered=delivered, mapped=mapped, rules=(), good=tuple(good), bad=tuple(missing))
    rules: list[dict[str, object]] = []
    if column.words is not None:
        good, bad = _word(draw, column.words, name, mapped)
        (bad if absent else good).extend(missing)
        return Field(name=name, delivered=delivered, mapped=mapped, rules=(), good=tuple(good), bad=tuple(bad))
    made = {"string": _text, "integer": _integer, "number": _number, "date": _day, "timestamp": _moment}[logical]
    good, bad = made(draw, name, delivered, mapped, rules=rules, zone=zone, kind=kind)
    if name.endswith("_id"):
        good = [replace(cell, value=_visible(cell.value)) for cell in good]
    (bad if absent else good).extend(missing)
    return Field(name=name, delivered=delivered, mapped=mapped, rules=tuple(rules), good=tuple(good), bad=tuple(bad))


def _visible(value: object) -> object:
    """An id as it is stored: without the characters of format that nobody sees."""
    return "".join(one for one in value if unicodedata.category(one) != "Cf") if isinstance(value, str) else value


Cells = tuple[list[Cell], list[Cell]]
Properties = dict[str, object]


def _word(draw: st.DrawFn, words: Vocabulary, name: str, mapped: Properties) -> Cells:
    """A column with a closed list: its words, however spelled, or a map to them."""
    unknown = [Cell(text, None, (f"{name}:unknown_value",)) for text in ("draft?", "x" * 130, "-", "شاي")]
    if draw(st.booleans()):
        values = {f"{word} é,1": word for word in words.words}
        mapped["customProperties"] = properties({"valueMap": values})
        good = [Cell(text, word) for text, word in values.items()]
        return good, [*unknown, Cell(words.words[0], None, (f"{name}:unknown_value",))]
    spellings = words.by_spelling.items()
    spelled = [Cell(shape(text), word) for text, word in spellings for shape in (str, str.title, " {} ".format)]
    return spelled + [Cell(text.replace(" ", "_"), word) for text, word in spellings], unknown


def _text(
    draw: st.DrawFn, name: str, _: Properties, mapped: Properties, *, rules: list[Properties], zone: str, kind: str
) -> Cells:
    if draw(st.booleans()):
        values = {"A": "first", "B, b": "second", 'C"': "third"}
        mapped["customProperties"] = properties({"valueMap": values})
        unknown = [Cell(text, None, (f"{name}:unknown_value",)) for text in ("a", "D", "A.")]
        return [Cell(text, value) for text, value in values.items()], unknown
    good = [Cell(text, text) for text in TEXTS]
    if draw(st.booleans()):
        good, bad = _ruled(
            draw=draw,
            rules=rules,
            name=name,
            condition=f"length({name}) < 100",
            good=good,
            outside=[Cell("y" * 100, "y" * 100)],
        )
        return [cell for cell in good if len(cell.text) < 100 or cell.warnings], bad
    return good, []


def _integer(
    draw: st.DrawFn, name: str, _: Properties, __: Properties, *, rules: list[Properties], zone: str, kind: str
) -> Cells:
    low = draw(st.integers(-3, 1))
    good = [Cell(str(number), number) for number in range(low, low + 5)]
    good += [Cell(f" +{abs(low) + 1}", abs(low) + 1), Cell(f"{low}{',' if kind == 'csv' else '.'}0", low)]
    bad = [
        Cell(text, None, (f"d_{name}:not_an_integer",)) for text in ("three", "1e400", "NaN", "-", "1.5", "٣", "9" * 30)
    ]
    outside = [Cell(str(number), number) for number in (low - 1, low + 90)]
    good, more = _ruled(
        draw=draw, rules=rules, name=name, condition=f"{name} between {low} and {low + 89}", good=good, outside=outside
    )
    return _bounded(name, good, bad + more) if name == "rating" else (good, bad + more)


def _bounded(name: str, good: list[Cell], bad: list[Cell]) -> Cells:
    """What the declaration of a rating refuses too, where the contract does not."""
    inside = [cell for cell in good if RATING_BOUNDS[0] <= int(str(cell.value)) <= RATING_BOUNDS[1]]
    outside = [Cell(cell.text, cell.value, (f"{name}:out_of_range",)) for cell in good if cell not in inside]
    return inside, bad + outside


def _number(
    draw: st.DrawFn, name: str, _: Properties, __: Properties, *, rules: list[Properties], zone: str, kind: str
) -> Cells:
    comma = kind == "csv"
    texts = (
        ["0,0001", "1.234,5", "12", "-7,25", "1.000.000,00"] if comma else ["0.0001", "1234.5", "12", "-7.25", "1e3"]
    )
    plain = (text.replace(".", "").replace(",", ".") if comma else text for text in texts)
    good = [Cell(text, Decimal(value).quantize(Decimal("0.0001"))) for text, value in zip(texts, plain, strict=True)]
    bad = [Cell(text, None, (f"d_{name}:not_a_number",)) for text in ("much", "1e400", "NaN", "$5", "9" * 30, "1,2,3")]
    free = Cell("-99", Decimal(-99).quantize(Decimal("0.0001")))
    good, more = _ruled(draw=draw, rules=rules, name=name, condition=f"{name} > -50", good=good, outside=[free])
    return good, bad + more


def _day(
    draw: st.DrawFn, name: str, delivered: Properties, _: Properties, *, rules: list[Properties], zone: str, kind: str
) -> Cells:
    pattern = draw(st.sampled_from(sorted(DATES)))
    delivered["logicalTypeOptions"] = {"format": pattern}
    good = [Cell(day.strftime(DATES[pattern]), day) for day in DAYS]
    bad = [date(2026, 2, 28).strftime(DATES[pattern]).replace("28", "30"), "yesterday", "20260615", "2026-06-15T00:00"]
    old = [Cell(date(1987, 6, 5).strftime(DATES[pattern]), date(1987, 6, 5))]
    good, more = _ruled(
        draw=draw, rules=rules, name=name, condition=f"{name} >= to_date('2000-01-01')", good=good, outside=old
    )
    return good, [Cell(text, None, (f"d_{name}:not_a_date",)) for text in bad] + more


def _moment(
    draw: st.DrawFn, name: str, delivered: Properties, _: Properties, *, rules: list[Properties], zone: str, kind: str
) -> Cells:
    pattern = draw(st.sampled_from([*sorted(TIMES), ZONED]))
    delivered["logicalTypeOptions"] = {"format": pattern}
    good = []
    for day in DAYS:
        for hour in (0, 1, 2, 3, 12, 23):  # the hours that a change of the clock skips or repeats are among them
            local = datetime.combine(day, time(hour, 30))
            at = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
            text = (at + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%S+03:00")
            good.append(Cell(text if pattern == ZONED else local.strftime(TIMES[pattern]), at))
    bad = ["noon", "2026-02-30 10:00:00", "2026-06-15", "25:00"]
    return good, [Cell(text, None, (f"d_{name}:not_a_timestamp",)) for text in bad]


def _ruled(
    draw: st.DrawFn, rules: list[Properties], name: str, condition: str, good: list[Cell], outside: list[Cell]
) -> Cells:
    """The good cells and the bad ones, with or without a rule that those outside break."""
    severity = draw(st.sampled_from(["", "warn", "reject"]))
    if not severity:
        return good + outside, []
    rule = f"{name}_{severity}s"
    check = {"name": rule, "type": "custom", "engine": "basketry", "implementation": condition, "severity": severity}
    rules.append({**check, "description": "As it must be."})
    if severity == "warn":
        return good + [Cell(cell.text, cell.value, (), (rule,)) for cell in outside], []
    return good, [Cell(cell.text, cell.value, (rule,)) for cell in outside]


def properties(said: Mapping[str, object]) -> list[dict[str, object]]:
    """As a contract lists them."""
    return [{"property": name, "value": value} for name, value in said.items()]
