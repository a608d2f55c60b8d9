"""Reads include/grants/<catalog>.yaml, or default.yaml where a catalog has none."""

from __future__ import annotations

import re
from pathlib import Path

from basketry.access.model import REFUSED, TREATMENTS, Grants, Team
from basketry.config.catalogs import file_label
from basketry.config.documents import Node, read_document
from basketry.contracts import load_contracts
from basketry.tables import SCHEMAS, TABLES, Table, bronze_table, propensity_wide

DEFAULT = "default"
_PATTERN = re.compile(rf"({'|'.join(SCHEMAS)})\.[a-z0-9_*]+\Z")
_KEYS = ("principal", "members", "reads", "tags")
_NEEDED = ("principal", "reads")


def load_grants(catalog: str, include: Path) -> Grants:
    """Read the grants of a catalog; a ContractError names file, line and what is wrong."""
    folder = include / "grants"
    own = folder / f"{catalog}.yaml"
    path = own if own.is_file() else folder / f"{DEFAULT}.yaml"
    root = read_document(path, file_label(path, include))
    top = root.mapping("the document", ("pipeline", "teams"), ("pipeline", "teams"))
    nodes: dict[str, Node] = top["teams"].expect(dict, "teams")
    tables = known_tables(catalog, include)
    teams = {name: _team(name, node, tables) for name, node in nodes.items()}
    _check_distinct(teams, nodes)
    return Grants(catalog, top["pipeline"].string("pipeline"), teams, tables)


def known_tables(catalog: str, include: Path) -> dict[str, Table]:
    """Return every declared table of a catalog by schema.table: those of the declarations, and bronze of its contracts."""
    bronze = (
        bronze_table(feed, ((column.name, column.pii) for column in contract.delivered))
        for feed, contract in load_contracts(catalog, include).items()
    )
    tables = (*TABLES, propensity_wide(()), *bronze)
    return {table.full_name: table for table in tables}


def _team(name: str, node: Node, tables: dict[str, Table]) -> Team:
    entries = node.mapping(f"team {name}", _KEYS, _NEEDED)
    tags = entries["tags"].mapping(f"tags of {name}", ("pii",)) if "tags" in entries else {}
    members = entries["members"].items(f"members of {name}") if "members" in entries else []
    return Team(
        name=name,
        principal=entries["principal"].string("principal"),
        members=tuple(member_node.string("member") for member_node in members),
        reads=tuple(_pattern(member_node, tables) for member_node in entries["reads"].items(f"reads of {name}")),
        pii=tags["pii"].choice("treatment", TREATMENTS) if "pii" in tags else REFUSED,
    )


def _pattern(node: Node, tables: dict[str, Table]) -> str:
    text = node.string("table")
    if not _PATTERN.match(text):
        node.fail(f"'{text}' is no table: write schema.table, * for any part of a table's name.")
    if "*" not in text and text not in tables:
        node.fail(f"there is no table {text}: see docs/data-model.md for those that exist.")
    return text


def _check_distinct(teams: dict[str, Team], nodes: dict[str, Node]) -> None:
    """Refuse a person in two teams, and two teams that are the same group."""
    team_of: dict[str, str] = {}
    for name, team in teams.items():
        for identity in (f"group {team.principal}", *(f"user {member}" for member in team.members)):
            if identity in team_of:
                nodes[name].fail(f"{identity} is in the teams {team_of[identity]} and {name}; leave it in one.")
            team_of[identity] = name
