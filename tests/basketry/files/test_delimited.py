"""CSV as retailers really send it: every oddity is a value, a row with a defect, or a refusal with line and fix."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from basketry.errors import BadInputError
from basketry.files import inspect_file
from tests.kit.files import contract, reading_refusal, refusal, rows_of, values, written


def test_every_row_has_its_number_values_and_no_defects(tmp_path: Path) -> None:
    """A plain file gives the texts exactly as delivered, blanks and all, numbered with the header as row 1."""
    path = written(tmp_path, "a.csv", "id,name,price\n1, Milk ,1.50\n2,,\n")
    assert rows_of(path, contract()) == [
        {
            "_row_number": 2,
            "id": "1",
            "name": " Milk ",
            "price": "1.50",
            "_extra": None,
            "_native": None,
            "_defects": [],
        },
        {"_row_number": 3, "id": "2", "name": "", "price": "", "_extra": None, "_native": None, "_defects": []},
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_byte_order_mark_and_any_line_end_are_tolerated(tmp_path: Path, mark: bytes, line_end: str) -> None:
    """A BOM is no part of the first column's name, and Windows or old Mac line ends are no part of the last value."""
    path = written(tmp_path, "a.csv", mark + line_end.join(["id,name,price", "1,Käse,1.50", ""]).encode())
    inspect_file(path, contract())
    assert values(path, contract()) == [["1", "Käse", "1.50"]]


def test_delimiter_quote_and_encoding_come_from_the_contract(tmp_path: Path) -> None:
    """Semicolons, single quotes and Latin-1 are read when the contract says so."""
    path = written(tmp_path, "a.csv", "id;name;price\n1;'Käse; alt';'1.234,56'\n".encode("latin-1"))
    assert values(path, contract(delimiter=";", quote="'", encoding="latin-1")) == [["1", "Käse; alt", "1.234,56"]]


def test_utf_16_is_read_when_the_contract_says_so(tmp_path: Path) -> None:
    """Excel's Unicode text (UTF-16, tabs) is a CSV like any other."""
    path = written(tmp_path, "a.txt", "id\tname\tprice\r\n1\tKäse\t2\r\n".encode("utf-16"))
    with_contract = contract(delimiter="\t", encoding="utf-16")
    inspect_file(path, with_contract)
    assert values(path, with_contract) == [["1", "Käse", "2"]]
    assert "a.txt, line 1: the file is utf-16 by its first bytes; set encoding: utf-16" in refusal(path, contract())


def test_without_a_quote_sign_quotes_are_text(tmp_path: Path) -> None:
    """An empty quote in the contract turns quoting off."""
    path = written(tmp_path, "a.csv", 'id|name|price\n1|"Milk|2\n')
    assert values(path, contract(delimiter="|", quote="")) == [["1", '"Milk', "2"]]


@pytest.mark.parametrize(("delimiter", "quote"), [(";;", '"'), ("", '"'), (",", "''")])
def test_an_impossible_delimiter_or_quote_names_the_contract(tmp_path: Path, delimiter: str, quote: str) -> None:
    """A delimiter of two signs is the contract's fault, and the sentence says so."""
    with pytest.raises(BadInputError, match="things.odcs.yaml: delimiter and quote must be one sign each"):
        inspect_file(written(tmp_path, "a.csv", "id,name,price\n"), contract(delimiter=delimiter, quote=quote))


def test_embedded_newlines_are_one_row_and_blank_lines_are_none(tmp_path: Path) -> None:
    """Rows are numbered as a spreadsheet shows them: an inner line end adds none, a blank line adds one."""
    path = written(tmp_path, "a.csv", 'id,name,price\n1,"Milk\r\nfresh",1\n\n   \n2,Tea,2\n')
    assert [(row["_row_number"], row["name"]) for row in rows_of(path, contract())] == [
        (2, "Milk\r\nfresh"),
        (5, "Tea"),
    ]


def test_irregular_rows_anywhere_in_a_long_file_leave_the_others_alone(tmp_path: Path) -> None:
    """Inner line ends, stray quotes and blank lines keep numbers and neighbours right wherever in the file they are."""
    odd = {
        0: '0,"two\nlines",1',
        7: '7,"stray,1',
        499: '499,"a\n\nb",1',
        500: "",
        1000: "1000,short",
        1498: '1498,"x\ny",1',
    }
    lines = [odd.get(row, f"{row},Milk,1") for row in range(3000)]
    rows = rows_of(written(tmp_path, "a.csv", "\n".join(["id,name,price", *lines, ""])), contract())
    assert [row["_row_number"] for row in rows] == [row + 2 for row in range(3000) if row != 500]
    assert [row["_row_number"] - 2 for row in rows if row["_defects"]] == [7, 1000]
    assert all(row["id"] == str(row["_row_number"] - 2) for row in rows if row["_row_number"] != 9)
    assert [row["name"] for row in rows if row["id"] in ("0", "499", "1498")] == ["two\nlines", "a\n\nb", "x\ny"]


def test_a_blank_value_of_a_one_column_file_is_a_row(tmp_path: Path) -> None:
    """Where a row is one column, blanks are its value; only the empty line is none."""
    path = written(tmp_path, "a.csv", 'id\n""\n \n\n1\n')
    assert values(path, contract(("id",))) == [[""], [" "], ["1"]]


def test_ragged_rows_are_defects_and_keep_every_field(tmp_path: Path) -> None:
    """A row with too few or too many fields is told as such, and nothing of it is lost."""
    path = written(tmp_path, "a.csv", "id,name,price\n1,Milk\n2,Tea,2,extra,\n3,Rye,3\n")
    few, many, good = rows_of(path, contract())
    assert (few["_defects"], few["name"], few["price"]) == (["row:too_few_fields"], "Milk", None)
    assert (many["_defects"], many["price"], many["_extra"]) == (["row:too_many_fields"], "2", '["extra",""]')
    assert (good["_defects"], good["_extra"]) == ([], None)


def test_a_ragged_row_keeps_its_unknown_columns_too(tmp_path: Path) -> None:
    """Unknown columns and surplus fields are both kept."""
    path = written(tmp_path, "a.csv", "id,name,price,colour\n1,Milk,2,white,more\n")
    assert json.loads(rows_of(path, contract())[0]["_extra"]) == {"colour": "white", "surplus": ["more"]}


def test_a_trailing_delimiter_in_header_and_rows_is_harmless(tmp_path: Path) -> None:
    """A last column without name and values is no column; a value under it is a surplus field."""
    path = written(tmp_path, "a.csv", "id,name,price,,\n1,Milk,1,,\n2,Tea,2\n3,Rye,3,,x\n")
    assert inspect_file(path, contract()).unknown_columns == ()
    assert [row["_defects"] for row in rows_of(path, contract())] == [[], [], ["row:too_many_fields"]]


def test_a_stray_quote_spoils_only_its_own_row(tmp_path: Path) -> None:
    """A quote that opens and never fits makes one bad row, kept verbatim, and swallows none of the rows after it."""
    path = written(tmp_path, "a.csv", 'id,name,price\n1,"Milk,1\n2,Tea,2\n3,"Rye",3\n4,"12" rod",4\n5,6" rod,5\n')
    rows = rows_of(path, contract())
    assert [(row["_row_number"], row["id"], row["_defects"]) for row in rows] == [
        (2, None, ["row:bad_quoting"]),
        (3, "2", []),
        (4, "3", []),
        (5, None, ["row:bad_quoting"]),
        (6, "5", []),
    ]
    assert [rows[0]["_extra"], rows[3]["_extra"]] == ['["1,\\"Milk,1"]', '["4,\\"12\\" rod\\",4"]']


def test_a_quote_that_swallows_the_rest_is_refused_with_its_line(tmp_path: Path) -> None:
    """When no later quote ends it, the file is refused and the line where the quote opened is named."""
    path = written(tmp_path, "a.csv", 'id,name,price\n1,Milk,1\n2,"Tea,2\n' + "3,Rye,3\n" * 1000)
    sentence = "a.csv, line 3: a quote opened here is never closed; close or double it"
    assert sentence in reading_refusal(path, contract())


def test_nul_bytes_are_a_defect_of_their_row(tmp_path: Path) -> None:
    """A row with NUL bytes is set aside with its values; the rows around it are good."""
    path = written(tmp_path, "a.csv", "id,name,price\n1,Milk,1\n2,T\0a,2\n3,Rye,3\n")
    assert [(row["name"], row["_defects"]) for row in rows_of(path, contract())] == [
        ("Milk", []),
        ("T\0a", ["row:nul_byte"]),
        ("Rye", []),
    ]


def test_a_line_of_100_megabytes_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    """A single endless line is refused with its number before it is in memory."""
    import tracemalloc

    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.write(b"id,name,price\n1,Milk,1\n2,")
        for _ in range(100):
            file.write(b"x" * (1 << 20))
    sentence = "a.csv, line 3: the line is longer than 16 MB; check its line ends and quotes"
    tracemalloc.start()
    assert sentence in refusal(path, contract())
    assert sentence in reading_refusal(path, contract())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 80 << 20


def test_a_quoted_record_of_many_megabytes_is_refused_with_its_first_line(tmp_path: Path) -> None:
    """A quote left open early in a large file ends at the limit, not at the end of memory."""
    path = written(tmp_path, "a.csv", 'id,name,price\n1,"Milk,1\n' + ("2,Tea,2" * 10 + "\n") * 250_000)
    assert "a.csv, line 2: the line is longer than 16 MB; check its line ends and quotes" in reading_refusal(
        path, contract()
    )


@pytest.mark.parametrize("line", [2, 5000])
def test_latin_1_read_as_utf_8_is_refused_with_line_and_fix(tmp_path: Path, line: int) -> None:
    """A byte that is no text in the contract's encoding refuses the file before a row of it is loaded."""
    rows = ["id,name,price", *["1,Milk,1"] * (line - 2), "2,Käse,2", "3,Rye,3"]
    path = written(tmp_path, "a.csv", "\n".join(rows).encode("latin-1"))
    sentence = f"a.csv, line {line}: a byte here is not utf-8 text; set encoding in the contract to the file's own"
    assert sentence in refusal(path, contract())
    assert sentence in reading_refusal(path, contract())


def test_utf_8_read_as_latin_1_is_refused_when_its_mark_says_so(tmp_path: Path) -> None:
    """A byte order mark that contradicts the contract is not read as three odd letters."""
    path = written(tmp_path, "a.csv", "id,name,price\n1,Käse,1\n".encode("utf-8-sig"))
    sentence = "a.csv, line 1: the file is utf-8 by its first bytes; set encoding: utf-8"
    assert sentence in refusal(path, contract(encoding="cp1252"))


def test_formula_text_stays_text(tmp_path: Path) -> None:
    """What a spreadsheet would run is a value like any other."""
    path = written(tmp_path, "a.csv", "id,name,price\n=1+1,\"=cmd|' /C calc'!A0\",@SUM(A1)\n")
    assert values(path, contract()) == [["=1+1", "=cmd|' /C calc'!A0", "@SUM(A1)"]]


def test_unknown_columns_are_kept_as_json(tmp_path: Path) -> None:
    """Columns the contract does not know are rescued by name; one without a name by its position."""
    path = written(tmp_path, "a.csv", 'price,colour,,name,id\n1,"wh""ite",x,Milk,7\n')
    assert inspect_file(path, contract()).unknown_columns == ("colour", "column 3")
    row = rows_of(path, contract())[0]
    assert (row["id"], row["name"], row["price"]) == ("7", "Milk", "1")
    assert json.loads(row["_extra"]) == {"colour": 'wh"ite', "column 3": "x"}


def test_unknown_columns_are_refused_where_the_contract_says_so(tmp_path: Path) -> None:
    """unknownColumns: refuse names the columns and both ways out."""
    path = written(tmp_path, "a.csv", "id,name,price,colour\n1,Milk,1,white\n")
    assert "a.csv, line 1: unknown column 'colour', which this contract refuses; remove from the file, or add to" in (
        refusal(path, contract(unknown="refuse"))
    )


def test_an_optional_column_may_be_absent(tmp_path: Path) -> None:
    """A column marked optional is null when the header lacks it."""
    path = written(tmp_path, "a.csv", "id,name\n1,Milk\n")
    assert values(path, contract(optional=("price",))) == [["1", "Milk", None]]


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("id,name", "column 'price' is missing; add to the file, or change in things.odcs.yaml"),
        (
            "id,name,pricee",
            "column 'price' (the file has 'pricee') is missing; rename in the file, or set physicalName",
        ),
        ("id,name,PRICE", "column 'price' (the file has 'PRICE') is missing; rename in the file"),
        ("id,x,y", "columns 'name', 'price' are missing"),
        ("id,name,price,name", "column 'name' occurs twice, as columns 2 and 4; rename or remove one"),
        ("id;name;price", "the columns seem separated by ';'; set delimiter to it in things.odcs.yaml"),
        ("1,Milk,2", "no column of things.odcs.yaml is here, first 'id'; add the header row"),
        ("", "the header row is blank; remove the blank rows or set headerRow"),
        (",,", "the header row is blank"),
        ('id,"na', "a quote opened here is never closed"),
        ('id,"na"me,price', "the quotes of the header do not match; correct them"),
        ("i\0d,name,price", "the header holds NUL bytes; the file is binary or UTF-16"),
    ],
)
def test_a_header_against_the_contract_is_refused_with_line_and_fix(tmp_path: Path, header: str, sentence: str) -> None:
    """Missing, renamed, differently cased and duplicated columns, and no header at all, each say what to do."""
    path = written(tmp_path, "a.csv", f"{header}\n1,Milk,2\n")
    assert f"a.csv, line 1: {sentence}" in refusal(path, contract())
    assert sentence in reading_refusal(path, contract())


def test_a_refusal_repeats_no_value_of_a_file_without_header(tmp_path: Path) -> None:
    """The first row of a file without header may be a person: it is not told in an error."""
    path = written(tmp_path, "a.csv", "17,Ada Lovelace,ada@example.org\n")
    assert "Ada" not in refusal(path, contract())


def test_blanks_around_a_header_are_ignored(tmp_path: Path) -> None:
    """A header matches after trimming."""
    assert values(written(tmp_path, "a.csv", ' id , name,"price "\n1,Milk,2\n'), contract()) == [["1", "Milk", "2"]]


def test_the_header_may_be_further_down(tmp_path: Path) -> None:
    """Rows above headerRow are no rows, and row numbers stay those of the file."""
    path = written(tmp_path, "a.csv", "Report of May\n\nid,name,price\n1,Milk,2\n")
    assert [(row["_row_number"], row["id"]) for row in rows_of(path, contract(header_row=3))] == [(4, "1")]
    assert "file ends before its header in row 9" in refusal(path, contract(header_row=9))
