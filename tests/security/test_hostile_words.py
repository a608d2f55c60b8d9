"""Every field that somebody can fill in gets hostile words: validated, or harmless; nothing outside the home is touched.

Fields are those of every shipped contract, catalog and gate, and of the form of every DAG.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import sqlglot
import yaml
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.sdk.exceptions import ParamValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from basketry.config.settings import check_catalog_name
from basketry.contracts import Contract, load_contract
from basketry.errors import BadInputError
from basketry.files import find_files
from basketry.gates import gate_names, load_gate
from basketry.jobs.command_line import job_parser
from basketry_airflow.script_arguments import ScriptArguments
from tests.tools.runbooks import script

CHECKOUT = Path(__file__).resolve().parents[2]
INCLUDE = CHECKOUT / "include"
SETTINGS = settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
HOSTILE = (
    "'; DROP TABLE gold.sales_day; --",
    "x' OR '1'='1",
    "\\' OR 1=1 --",
    "a\0b",
    "../../../../etc/passwd",
    "/etc/passwd",
    "..",
    "~/.ssh/id_rsa",
    "$(touch /tmp/owned)",
    "`touch /tmp/owned`",
    "{{ conn.databricks_default.password }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
    "--run-id=other",
    "-h",
    "\n--dry-run",
    "%s%n",
    "(SELECT secret FROM ops.forgotten)",
    "java_method('java.lang.Runtime','exec','id')",
    "reflect('a','b')",
    "é" * 3000,
    "\u202egnp.exe",
    "1); DELETE FROM ops.files; --",
    "file:///etc/passwd",
    "!!python/object/apply:os.system [id]",
    "",
)
hostile = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40))


def leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a document has a value that is no list or mapping."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, (*path, key))
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from leaves(value, (*path, place))
    else:
        yield path


def spoiled(document: Any, path: tuple[Any, ...], word: str) -> Any:
    """The document with one value replaced."""
    changed = deepcopy(document)
    node = changed
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = word
    return changed


@lru_cache(maxsize=64)
def document(path: Path) -> Any:
    """The file, parsed."""
    return yaml.safe_load(path.read_text())


CONTRACTS = sorted(INCLUDE.glob("contracts/*/*.odcs.yaml"))


def harmless(contract: Contract) -> None:
    """Each expression is one expression over the row itself: no second statement, no query, no other table, no call out."""
    for sql in [*(column.expression for column in contract.mapped), *(rule.expression for rule in contract.rules)]:
        (tree,) = sqlglot.parse(f"SELECT {sql}", read="spark")
        assert isinstance(tree, sqlglot.exp.Select) and not list(tree.find_all(sqlglot.exp.Table, sqlglot.exp.Subquery))
        called = {call.name.lower() for call in tree.find_all(sqlglot.exp.Anonymous)}
        assert not called & {
            "java_method",
            "reflect",
            "try_reflect",
            "read_files",
            "secret",
            "ai_query",
            "http_request",
        }
    for pattern in contract.file.patterns:
        assert ".." not in Path(pattern).parts and not Path(pattern).is_absolute()


@SETTINGS
@given(data=st.data())
@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: f"{path.parent.name}.{path.name.split('.')[0]}")
def test_no_field_of_a_contract_escapes(path: Path, tmp_path: Path, data: st.DataObject) -> None:
    """A hostile word in any place of a contract is refused with file and line, or ends as a text within the expression."""
    shipped = document(path)
    where = data.draw(st.sampled_from(list(leaves(shipped))))
    catalog, feed = path.parent.name, path.name.removesuffix(".odcs.yaml")
    include = tmp_path / "include"
    (include / "contracts" / catalog).mkdir(parents=True, exist_ok=True)
    shutil.copytree(INCLUDE / "catalogs", include / "catalogs", dirs_exist_ok=True)
    text = yaml.safe_dump(spoiled(shipped, where, data.draw(hostile)), allow_unicode=True)
    (include / "contracts" / catalog / path.name).write_text(text)
    try:
        harmless(load_contract(catalog, feed, include))
    except BadInputError as error:
        assert error.message.startswith(path.name) or path.name in error.message
        assert "Traceback" not in error.message


@SETTINGS
@given(data=st.data())
@pytest.mark.parametrize("name", gate_names(INCLUDE))
def test_no_field_of_a_gate_escapes(name: str, tmp_path: Path, data: st.DataObject) -> None:
    """The same for gates."""
    shipped = document(INCLUDE / "gates" / f"{name}.yaml")
    (tmp_path / "gates").mkdir(exist_ok=True)
    where, word = data.draw(st.sampled_from(list(leaves(shipped)))), data.draw(hostile)
    (tmp_path / "gates" / f"{name}.yaml").write_text(yaml.safe_dump(spoiled(shipped, where, word), allow_unicode=True))
    try:
        load_gate(name, tmp_path)
    except BadInputError as error:
        assert f"{name}.yaml" in error.message


def _dags() -> dict[str, DAG]:
    return dict(DagBag(dag_folder=str(CHECKOUT / "dags")).dags)


DAGS = _dags()
FIELDS = [(dag_id, field) for dag_id, dag in sorted(DAGS.items()) for field in dag.params]


class _Plain:
    """A task whose templates are what the form says, so that only the form's words are looked at."""

    def render_template(self, text: str, context: dict[str, Any]) -> str:
        """Fill in what the job factory's own templates name."""
        return text.replace("{{ params.catalog }}", str(context["params"]["catalog"]))


def tokens(dag: DAG, form: dict[str, Any]) -> Iterator[tuple[set[str], list[str]]]:
    """Each job of the DAG: the names of its arguments, and the command line that the form makes."""
    for task in dag.tasks:
        arguments = getattr(task, "application_args", None)
        if isinstance(arguments, ScriptArguments):
            names = {f"--{name.replace('_', '-')}" for name in arguments.arguments}
            yield names, arguments.resolve({"params": form, "task": _Plain()})


GOOD = {
    "catalog": "demo",
    "feed": "order_lines",
    "customers": "200001",
    "request_id": "R-1",
    "reason": "tried",
    "to": "previous",
    "model": "propensity",
}


@SETTINGS
@given(word=hostile)
@pytest.mark.parametrize(("dag_id", "field"), FIELDS, ids=lambda one: str(one))
def test_no_field_of_a_form_escapes(dag_id: str, field: str, word: str) -> None:
    """A hostile word is refused before a run exists, or arrives as it is as the value of its own argument and no other."""
    form = deepcopy(DAGS[dag_id].params)
    good = {
        name: value
        for name, value in GOOD.items()
        if name in form and not (dag_id == "daily_scoring" and name == "model")
    }
    try:
        form.update({**good, field: word})  # type: ignore[attr-defined]
        filled = form.validate()  # type: ignore[attr-defined]
    except ParamValidationError:
        return
    for names, line in tokens(DAGS[dag_id], filled):
        said = [token.partition("=")[0] for token in line]
        assert set(said) <= names and len(set(said)) == len(said)
        carried = [token.partition("=")[2] for token in line if token.startswith(f"--{field.replace('_', '-')}=")]
        assert carried in ([], [word])


@SETTINGS
@given(pattern=st.one_of(hostile, st.text("./*?[]~,ab\\ ", max_size=25)))
def test_no_pattern_of_files_leaves_the_landing_folder(pattern: str, tmp_path: Path) -> None:
    """Whatever is named, only regular files below the feed's own folder are found; a neighbour's secret is not."""
    folder = tmp_path / "landing" / "demo" / "reviews"
    folder.mkdir(parents=True, exist_ok=True)
    contract = load_contract("demo", "reviews", INCLUDE)
    (folder / "reviews_1.csv").touch()
    (tmp_path / "landing" / "demo" / "reviews_secret.csv").touch()
    if not (folder / "reviews_link.csv").is_symlink():
        (folder / "reviews_link.csv").symlink_to(tmp_path / "landing" / "demo" / "reviews_secret.csv")
    try:
        matches = find_files(folder, pattern, contract)
    except BadInputError as error:
        assert "Traceback" not in error.message
        return
    assert matches and all(path.resolve().is_relative_to(folder.resolve()) and path.is_file() for path in matches)


@pytest.mark.parametrize("word", HOSTILE)
def test_a_hostile_argument_of_a_job_is_refused_or_a_value(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Airflow passes it, `--name=value`: the parser never takes it for an argument of its own."""
    parser = job_parser(script("ingest", monkeypatch))
    given = parser.parse_args(["--catalog=demo", "--feed=reviews", f"--files={word}", f"--run-id={word}"])
    assert (given.files, given.run_id, given.dry_run, given.catalog) == (word, word, False, "demo")


@pytest.mark.parametrize("word", HOSTILE)
def test_a_catalog_is_a_name(word: str) -> None:
    """It becomes a folder and a part of SQL, so nothing else is one."""
    with pytest.raises(BadInputError):
        check_catalog_name(word)
