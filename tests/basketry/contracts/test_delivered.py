"""What a contract says of the delivered file: what holds where nothing is written, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from basketry.contracts import FileFormat
from tests.kit.contracts import RATINGS
from tests.kit.documents import Change, changed
from tests.kit.mistakes import Mistake, mistakes

NULLS = '      - {property: nullValues, value: ["", n/a]}\n'
DELIMITER = '      - {property: delimiter, value: ";"}\n'
SHARE = "      - {property: maxRejectedShare, value: 0.1}\n"
PATTERNS = '      - {property: filePatterns, value: ["ratings_*.csv"]}\n'


FORMAT = "      - {property: format, value: csv}\n"
SKU = "{name: sku, logicalType: string}"
COLUMNS = RATINGS.text[RATINGS.text.index("\n      - {name: rating_no") : RATINGS.text.index("  - name: reviews")]


def properties(*written: str, kind: str | None = "csv", without: str = DELIMITER) -> tuple[Change, Change]:
    """The changes that write these custom properties of the file in place of some of its own."""
    lines = "".join(f"      - {{property: {text}}}\n" for text in written)
    return (without, lines), (FORMAT, FORMAT.replace("csv", kind) if kind else "")


def refusal(folder: Path, *written: str, kind: str | None = "csv", without: str = DELIMITER) -> str:
    line, sentence = RATINGS.refusal(folder, *properties(*written, kind=kind, without=without))
    return f"{line}: {sentence}"


def test_a_file_is_plain_csv_where_nothing_is_written(tmp_path: Path) -> None:
    """The kind is seen from the file, the signs are the usual ones, an empty text is null, the first row is the header."""
    text = changed(RATINGS.text, (DELIMITER, ""), (FORMAT, ""), (NULLS, ""))
    plain = RATINGS.saying(text).read(tmp_path).file
    assert plain == FileFormat(kind="auto", patterns=("ratings_*.csv",))
    assert plain == FileFormat(
        kind="auto",
        patterns=("ratings_*.csv",),
        delimiter=",",
        quote='"',
        encoding="utf-8",
        decimal_sign=".",
        thousands_sign=None,
        sheet=None,
        header_row=1,
        null_values=("",),
    )


def test_every_sign_of_a_file_can_be_written(tmp_path: Path) -> None:
    """Each property has its own place in the format."""
    written = properties(
        "delimiter, value: '|'",
        "quote, value: '~'",
        "encoding, value: latin-1",
        "decimalSign, value: ','",
        "thousandsSign, value: '.'",
        "sheet, value: Sales",
        "headerRow, value: 3",
        kind="auto",
    )
    file = RATINGS.read(tmp_path, *written).file
    assert (file.delimiter, file.quote, file.encoding, file.sheet) == ("|", "~", "latin-1", "Sales")
    assert (file.decimal_sign, file.thousands_sign, file.header_row) == (",", ".", 3)


@pytest.mark.parametrize("row", [1, 2])
def test_the_header_stands_in_a_row_that_counts_from_1(row: int, tmp_path: Path) -> None:
    """The first row may be named."""
    assert RATINGS.read(tmp_path, *properties(f"headerRow, value: {row}")).file.header_row == row


@pytest.mark.parametrize("row", [0, -1])
def test_no_header_stands_above_the_first_row(row: int, tmp_path: Path) -> None:
    """The sentence says how rows are counted."""
    assert refusal(tmp_path, f"headerRow, value: {row}") == (
        "16: headerRow counts from 1; write the row a spreadsheet shows."
    )


@pytest.mark.parametrize(
    ("kind", "written", "sentence"),
    [
        ("xlsx", ("delimiter, value: ';'",), "16: delimiter has no meaning for format xlsx; remove it or make the format csv."),
        ("jsonl", ("quote, value: '~'",), "16: quote has no meaning for format jsonl; remove it or make the format csv."),
        ("csv", ("sheet, value: A",), "16: sheet has no meaning for format csv; remove it or make the format xlsx."),
        ("jsonl", ("headerRow, value: 2",),
         "16: headerRow has no meaning for format jsonl; remove it or make the format csv."),
        ("csv", ("delimiter, value: '~'", "quote, value: '~'"), "17: delimiter and quote are both '~'; make them differ."),
        ("csv", ("delimiter, value: '\"'",), "10: delimiter and quote are both '\"'; make them differ."),
        ("csv", ("quote, value: ','",), "16: delimiter and quote are both ','; make them differ."),
        ("csv", ("decimalSign, value: ','", "thousandsSign, value: ','"),
         "17: decimalSign and thousandsSign are both ','; make them differ."),
        ("csv", ("thousandsSign, value: '.'",), "16: decimalSign and thousandsSign are both '.'; make them differ."),
        ("csv", ("quote, value: 'a'",), "16: quote 'a' must be one character"),
        ("csv", ("sheet, value: ' '",), "16: sheet has no meaning for format csv"),
        ("xlsx", ("sheet, value: ' '",), "16: sheet is empty; write it or remove the line."),
    ],
)  # fmt: skip
def test_signs_that_contradict_one_another_are_told(
    kind: str, written: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    """At the line of the sign that should change, or of the file where none is written."""
    assert refusal(tmp_path, *written, kind=kind).startswith(sentence)


@pytest.mark.parametrize(
    ("kind", "text"), [("xlsx", "headerRow, value: 2"), ("xlsx", "sheet, value: A"), ("csv", "quote, value: '~'")]
)
def test_a_kind_of_file_has_its_own_properties(kind: str, text: str, tmp_path: Path) -> None:
    """A workbook has sheets and rows, a text file signs."""
    assert RATINGS.read(tmp_path, *properties(text, kind=kind)).file.kind == kind


def test_a_contract_says_which_files_are_its_own(tmp_path: Path) -> None:
    """Without a pattern none would be; an empty list is one that somebody forgot to fill."""
    without = refusal(tmp_path / "a", without=PATTERNS)
    assert without == "10: delivered has no custom property 'filePatterns'; add it, e.g. value: [\"orders_*.csv\"]."
    empty = refusal(tmp_path / "b", "nullValues, value: []", without=NULLS)
    assert empty == "17: nullValues is an empty list; name at least one."
    number = refusal(tmp_path / "c", "nullValues, value: [0]", without=NULLS)
    assert number == "17: a text of nullValues is a whole number; make it text."


@pytest.mark.parametrize("share", [0, 0.05, 1])
def test_a_share_is_from_0_to_1(share: float, tmp_path: Path) -> None:
    """Both ends are shares: refuse the file for one bad row, or for none."""
    written = properties(f"maxRejectedShare, value: {share}", without=SHARE)
    assert RATINGS.read(tmp_path, *written).max_rejected_share == share


@pytest.mark.parametrize("share", ["-0.01", "1.01"])
def test_what_is_no_share_is_told(share: str, tmp_path: Path) -> None:
    """Percentages are the usual slip."""
    assert refusal(tmp_path, f"maxRejectedShare, value: {share}", without=SHARE) == (
        f"18: maxRejectedShare is {share}; write a share from 0 to 1."
    )


def test_a_twentieth_may_be_rejected_where_nothing_is_written(tmp_path: Path) -> None:
    """And columns that nobody knows are rescued, and the delivery's time is not in the file's name."""
    (delivered_at,) = re.findall(r"^ +- {property: deliveredAt.*\n", RATINGS.text, re.M)
    contract = RATINGS.read(tmp_path, (SHARE, ""), (delivered_at, ""))
    assert (contract.max_rejected_share, contract.unknown_columns, contract.delivered_at) == (0.05, "rescue", None)


def test_unknown_columns_may_refuse_a_file(tmp_path: Path) -> None:
    """Where the contract says so."""
    assert RATINGS.read(tmp_path, *properties("unknownColumns, value: refuse")).unknown_columns == "refuse"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{name: sku, logicalType: string}", ("sku", (), False, False, False)),
        ("{name: sku, physicalName: S K U, logicalType: string, required: true}", ("S K U", (), True, False, False)),
        ("{name: sku, logicalType: string, required: false}", ("sku", (), False, False, False)),
        ("{name: sku, logicalType: string, classification: pii}", ("sku", (), False, False, True)),
        ("{name: sku, logicalType: string, classification: public}", ("sku", (), False, False, False)),
        ("{name: sku, logicalType: string, classification: restricted}", ("sku", (), False, False, False)),
        ("{name: sku, logicalType: string, classification: internal}", ("sku", (), False, False, False)),
        ("{name: sku, logicalType: string, classification: confidential}", ("sku", (), False, False, False)),
        ("{name: sku, logicalType: string, customProperties: [{property: optional, value: true}]}",
         ("sku", (), False, True, False)),
        ("{name: sku, logicalType: string, customProperties: [{property: optional, value: false}]}",
         ("sku", (), False, False, False)),
    ],
)  # fmt: skip
def test_a_column_is_what_is_written_of_it(text: str, expected: tuple[object, ...], tmp_path: Path) -> None:
    """Its header is its name where none is written; it is neither required, nor optional, nor personal unless written."""
    read = RATINGS.read(tmp_path, (SKU, text)).delivered[1]
    assert (read.header, read.formats, read.required, read.optional, read.pii) == expected


@pytest.mark.parametrize(
    ("kind", "expected"), [("date", ("yyyy-MM-dd",)), ("timestamp", ("yyyy-MM-dd HH:mm:ss",)), ("number", ())]
)
def test_days_and_instants_have_the_usual_formats(kind: str, expected: tuple[str, ...], tmp_path: Path) -> None:
    """Where a column has none of its own; what is neither has none."""
    written = ("{name: Verdict, logicalType: string,", f"{{name: Verdict, logicalType: {kind},")
    assert RATINGS.read(tmp_path, written).delivered[5].formats == expected


OPTIONS = 'logicalTypeOptions: {format: "M/d/yyyy H:mm"}'


@mistakes(
    RATINGS,
        (OPTIONS, f'{OPTIONS}, customProperties: [{{property: formats, value: ["yyyy-MM-dd"]}}]',
         "formats and logicalTypeOptions.format both say the format; keep…"),
        (OPTIONS, "customProperties: [{property: formats, value: []}]", "formats is an empty list; name at least one."),
        (OPTIONS, 'customProperties: [{property: formats, value: ["yyyy"]}]', "format 'yyyy' has no a month…"),
        (OPTIONS, "logicalTypeOptions: {formats: x}", "unknown key 'formats' in logicalTypeOptions…"),
        ("logicalType: timestamp, " + OPTIONS, 'logicalType: number, logicalTypeOptions: {format: "yyyy-MM-dd"}',
         "a format has no meaning for logicalType number; remove it or make the type date or timestamp."),
)  # fmt: skip
def test_a_format_is_written_once(mistake: Mistake, tmp_path: Path) -> None:
    """In the standard's place or in ours, for a type that has formats."""
    mistake.check(tmp_path)


@mistakes(
    RATINGS,
        ("{name: sku,", "{name: SKU2, physicalName: Stars, logicalType: string}\n      - {name: sku,",
         "24: header 'Stars' is there twice; give each column its own physicalName."),
        ("{name: sku,", "{name: SKU, logicalType: string, physicalName: x}\n      - {name: sku,",
         "23: column 'sku' is there twice (upper and lower case count as equal)…"),
        (COLUMNS, " []\n", "20: delivered has no properties; list the file's columns."),
)  # fmt: skip
def test_columns_and_headers_differ(mistake: Mistake, tmp_path: Path) -> None:
    """Names by more than case, since SQL does not tell them apart; and there is one."""
    mistake.check(tmp_path)


def test_headers_are_read_as_they_are_written(tmp_path: Path) -> None:
    """Unlike names, they may differ by case alone."""
    other = ("{name: sku,", "{name: SKU2, physicalName: STARS, logicalType: string}\n      - {name: sku,")
    delivered = RATINGS.read(tmp_path, other).delivered
    assert [column.header for column in delivered][1:4] == ["STARS", "sku", "Stars"]
