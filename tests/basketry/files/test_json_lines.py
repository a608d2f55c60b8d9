"""JSON Lines: one object per line, values exactly as delivered, a bad line never a lost line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from basketry.errors import BadInputError
from basketry.files import inspect_file
from tests.kit.files import contract, reading_refusal, refusal, rows_of, values, written


def test_values_are_the_texts_that_were_delivered(tmp_path: Path) -> None:
    """Numbers keep their digits, true and null their words, nested values stay JSON, absent keys are null."""
    path = written(
        tmp_path,
        "a.jsonl",
        '{"id": 12345678901234567890, "name": "Käse \\u00e9\\n", "price": 0.10}\n'
        '{"id": "2", "name": null, "price": 1E+2}\n'
        '{"id": true, "name": {"en": "Milk", "size": [1.50, null, false]}}\n',
    )
    assert values(path, contract()) == [
        ["12345678901234567890", "Käse é\n", "0.10"],
        ["2", None, "1E+2"],
        ["true", '{"en":"Milk","size":[1.50,null,false]}', None],
    ]


def test_rows_are_numbered_by_line(tmp_path: Path) -> None:
    """Blank lines are no rows but count, as an editor shows them; Windows line ends and a BOM are tolerated."""
    path = written(tmp_path, "a.jsonl", '\ufeff{"id": 1}\r\n\r\n{"id": 2}')
    assert [(row["_row_number"], row["id"]) for row in rows_of(path, contract())] == [(1, "1"), (3, "2")]


@pytest.mark.parametrize(
    ("line", "defect"),
    [
        ('{"id": 2', "row:not_json"),
        ("id=2", "row:not_json"),
        ("[1, 2]", "row:not_an_object"),
        ("17", "row:not_an_object"),
        ('{"id": 1, "id": 2}', "row:duplicate_key"),
        ('{"id": "\\ud800"}', "row:undecodable"),
        ('{"id": "a\\u0000b"}', "row:nul_byte"),
        ('{"id": "a\0b"}', "row:nul_byte"),
        ("[" * 100_000, "row:not_json"),
        ('{"id": ' + "[" * 900 + "]" * 900 + "}", None),
    ],
)
def test_a_bad_line_is_one_defect_and_kept_verbatim(tmp_path: Path, line: str, defect: str | None) -> None:
    """A line that is no readable object is set aside whole; the lines around it are good."""
    path = written(tmp_path, "a.jsonl", f'{{"id": 1}}\n{line}\n{{"id": 3}}\n')
    rows = rows_of(path, contract())
    assert [(row["_row_number"], row["id"]) for row in rows if row["_row_number"] != 2] == [(1, "1"), (3, "3")]
    if defect:
        assert rows[1]["_defects"] == [defect]
        assert json.loads(rows[1]["_extra"]) == [line]


def test_a_backslash_before_u0000_is_text(tmp_path: Path) -> None:
    """An escaped backslash followed by u0000 is six letters, not a NUL."""
    assert values(written(tmp_path, "a.jsonl", '{"id": "\\\\u0000"}\n'), contract(("id",))) == [["\\u0000"]]


def test_unknown_keys_are_rescued_or_refused(tmp_path: Path) -> None:
    """Unknown keys are told by inspection and kept as JSON, or refuse the file with their line."""
    path = written(tmp_path, "a.jsonl", '{"id": 1}\n{"id": 2, "colour": "white", "weight": 1.50}\n')
    assert inspect_file(path, contract()).unknown_columns == ("colour", "weight")
    assert [row["_extra"] for row in rows_of(path, contract())] == [None, '{"colour":"white","weight":1.50}']
    assert "a.jsonl, line 2: unknown column 'colour', 'weight'" in refusal(path, contract(unknown="refuse"))


def test_an_unknown_key_far_down_is_refused_by_reading(tmp_path: Path) -> None:
    """A key that inspection did not reach still refuses the file, with its line."""
    path = written(tmp_path, "a.jsonl", '{"id": 1}\n' * 1500 + '{"id": 2, "colour": "white"}\n')
    assert "a.jsonl, line 1501: unknown column 'colour'" in reading_refusal(path, contract(unknown="refuse"))


def test_a_required_key_that_no_line_has_refuses_the_file(tmp_path: Path) -> None:
    """A required column absent everywhere was renamed, not forgotten row by row."""
    path = written(tmp_path, "a.jsonl", '{"id": 1, "prices": 2}\n')
    told = "a.jsonl, line 1: column 'price' (the file has 'prices') is missing; rename in the file, or set physicalName"
    assert told in refusal(path, contract(required=("price",)))
    assert values(path, contract()) == [["1", None, None]]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('[{"id": 1}]', "a.jsonl, line 1: the content is a JSON array; deliver one JSON object per line"),
        ('\n  [\n{"id": 1}]', "the content is a JSON array"),
        ("id,name,price\n1,Milk,2\n", "a.jsonl, line 1: no line is a JSON object; deliver one JSON object per line"),
        ("\n\n", "no line is a JSON object"),
    ],
)
def test_what_is_no_json_lines_is_refused(tmp_path: Path, content: str, told: str) -> None:
    """An array, a CSV in disguise or blank lines are told as what they are."""
    assert told in refusal(written(tmp_path, "a.jsonl", content), contract())


def test_other_encodings_and_long_lines_are_refused_with_their_line(tmp_path: Path) -> None:
    """A wrong byte and a 20 MB line name their line before a row is loaded."""
    latin = written(tmp_path, "a.jsonl", '{"id": 1}\n{"id": "Käse"}\n'.encode("latin-1"))
    assert "a.jsonl, line 2: a byte here is not utf-8 text; set encoding" in refusal(latin, contract())
    long = written(tmp_path, "b.jsonl", '{"id": 1}\n{"id": "' + "x" * (20 << 20) + '"}\n')
    with pytest.raises(BadInputError, match="b.jsonl, line 2: the line is longer than 16 MB"):
        inspect_file(long, contract())
