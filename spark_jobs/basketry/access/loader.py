"""Reads include/grants/<catalog>.yaml, or default.yaml where there is one catalog only.

Where there are several, one file for all would open every retailer to the same people: a catalog without its own is closed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, ValidationInfo, model_validator

from basketry.access.model import REFUSED, TREATMENTS, AccessRefusedError, Grants, Team
from basketry.access.users import local_members
from basketry.config.catalogs import catalog_names, file_label
from basketry.config.locator import load_document
from basketry.config.model import Document, Label, Mistake, Text, context_of, one_of
from basketry.contracts import load_contracts
from basketry.tables import SCHEMAS, TABLES, Table, bronze_table, propensity_wide

DEFAULT = "default"
_PATTERN = re.compile(rf"({'|'.join(SCHEMAS)})\.[a-z0-9_*]+\Z")


def _check_pattern(text: str, info: ValidationInfo) -> str:
    if not _PATTERN.match(text):
        raise Mistake("'{text}' is no table: write schema.table, * for any part of a table's name.", text=text)
    if "*" not in text and text not in context_of(info)["tables"]:
        raise Mistake("there is no table {text}: see docs/data-model.md for those that exist.", text=text)
    return text


class TagSettings(Document, title="tags of {1}"):
    """What a team sees of what is tagged."""

    pii: Annotated[str, one_of(TREATMENTS), Label("treatment")] = REFUSED


class TeamSettings(Document, title="team {0}"):
    """Who is in a team, and what it reads."""

    principal: Text
    members: Annotated[tuple[Annotated[Text, Label("member")], ...], Label("members of {1}")] = ()
    reads: Annotated[tuple[Annotated[Text, AfterValidator(_check_pattern), Label("table")], ...], Label("reads of {1}")]
    tags: TagSettings = TagSettings()
    approves: bool = False
    audits: bool = False


class GrantsDocument(Document):
    """The whole file."""

    pipeline: Text
    teams: Mapping[str, TeamSettings]

    @model_validator(mode="after")
    def _check_distinct(self) -> Self:
        """Refuse a person in two teams, and two teams that are the same group."""
        team_of: dict[str, str] = {}
        for name, team in self.teams.items():
            for identity in (f"group {team.principal}", *(f"user {member}" for member in team.members)):
                if identity in team_of:
                    sentence = "{identity} is in the teams {first} and {0}; leave it in one."
                    raise Mistake(sentence, "teams", name, identity=identity, first=team_of[identity])
                team_of[identity] = name
        return self


def load_grants(catalog: str, include: Path) -> Grants:
    """Read the grants of a catalog, with the users that the instance itself puts into its teams.

    Raises:
        AccessRefusedError: There are several catalogs, and this one has no file of its own.
        ContractError: Names file, line and what is wrong.
    """
    folder = include / "grants"
    own = folder / f"{catalog}.yaml"
    if not own.is_file() and len(catalog_names(include)) > 1:
        raise AccessRefusedError(
            f"catalog {catalog} has no grants of its own yet: write include/grants/{catalog}.yaml."
        )
    path = own if own.is_file() else folder / f"{DEFAULT}.yaml"
    tables = known_tables(catalog, include)
    document = load_document(GrantsDocument, path, file_label(path, include), {"tables": tables})
    local, named = local_members(catalog), {member for team in document.teams.values() for member in team.members}
    teams = {
        name: Team(
            name=name,
            principal=team.principal,
            members=(*team.members, *(user for user in local.get(name, ()) if user not in named)),
            reads=team.reads,
            pii=team.tags.pii,
            approves=team.approves,
            audits=team.audits,
        )
        for name, team in document.teams.items()
    }
    return Grants(catalog, document.pipeline, teams, tables)


def known_tables(catalog: str, include: Path) -> dict[str, Table]:
    """Return every declared table of a catalog by schema.table: those of the declarations, and bronze of its contracts."""
    bronze = (
        bronze_table(feed, ((column.name, column.pii) for column in contract.delivered))
        for feed, contract in load_contracts(catalog, include).items()
    )
    tables = (*TABLES, propensity_wide(()), *bronze)
    return {table.full_name: table for table in tables}
