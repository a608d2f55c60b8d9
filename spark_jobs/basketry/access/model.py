"""Teams, what they may read, and the one answer to whether they may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from basketry.config.documents import did_you_mean
from basketry.errors import BadInputError
from basketry.tables import Table

REFUSED, MASKED, CLEAR = "refused", "masked", "clear"
TREATMENTS = (REFUSED, MASKED, CLEAR)


class AccessRefusedError(BadInputError):
    """A team, a user or a table is unknown, or the team may not read the table. Closed by default."""


@dataclass(frozen=True)
class Access:
    """What a team sees of a table.

    Attributes:
        table: The table, with every column in order.
        masked: Those of its columns that come back empty.
    """

    table: Table
    masked: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Team:
    """A team.

    Attributes:
        name: Its name in the file.
        principal: Its group in Unity Catalog.
        members: The users of Airflow who are in it.
        reads: Patterns of schema.table.
        pii: What it sees of personal data, one of TREATMENTS.
        approves: Whether its members may approve what others start and nobody can undo.
        audits: Whether it reads what users of the console asked and exported.
    """

    name: str
    principal: str
    members: tuple[str, ...]
    reads: tuple[str, ...]
    pii: str
    approves: bool = False
    audits: bool = False

    def covers(self, full_name: str) -> bool:
        """Return whether a pattern of the team names the table."""
        return any(fnmatchcase(full_name, pattern) for pattern in self.reads)

    def may_read(self, table: Table) -> bool:
        """Return whether the team reads the table at all, masked or not."""
        return self.covers(table.full_name) and not (table.pii_columns and self.pii == REFUSED)


@dataclass(frozen=True)
class Grants:
    """Everything that one file says about one catalog.

    Attributes:
        catalog: The catalog.
        pipeline: The principal that runs the jobs.
        teams: The teams by name.
        tables: Every declared table by schema.table.
    """

    catalog: str
    pipeline: str
    teams: Mapping[str, Team]
    tables: Mapping[str, Table]

    def team(self, name: str) -> Team:
        """Return the team of that name; AccessRefusedError when there is none."""
        if name not in self.teams:
            raise AccessRefusedError(f"there is no team '{name}'; {did_you_mean(name, self.teams)}")
        return self.teams[name]

    def team_of(self, user: str) -> Team:
        """Return the team of a user; AccessRefusedError for a user who is in none."""
        for team in self.teams.values():
            if user in team.members:
                return team
        raise AccessRefusedError(
            f"user '{user}' is in no team: make user puts them into one, or members in include/grants."
        )

    @property
    def approvers(self) -> tuple[str, ...]:
        """The users who may approve what others start and nobody can undo."""
        return tuple(user for team in self.teams.values() if team.approves for user in team.members)

    def access(self, team: str, full_name: str) -> Access:
        """Return what a team sees of `schema.table`; AccessRefusedError for an unknown name, or a table it may not read."""
        reader = self.team(team)
        table = self.tables.get(full_name)
        # The same words whether the table does not exist or is not for them: a refusal tells nothing about what is there.
        if table is None or not reader.may_read(table):
            raise AccessRefusedError(
                f"team {team} may not read {full_name}: ask for one of the tables in include/grants."
            )
        return Access(table, table.pii_columns if reader.pii == MASKED else ())

    def readable(self, team: str) -> tuple[Access, ...]:
        """Return every table that a team sees, in order of declaration."""
        reader = self.team(team)
        return tuple(self.access(team, name) for name, table in self.tables.items() if reader.may_read(table))
