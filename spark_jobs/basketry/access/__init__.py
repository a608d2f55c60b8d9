"""Permissions as code: one file that says who may read what, read here by all who enforce it.

::

    grants = load_grants("demo", include)
    grants.access("sales", table)  # what a team sees of a table, or AccessRefusedError
    guard(
        grants, "sales", sql, limit
    )  # the query over what the team may see, or AccessRefusedError: for all that people ask

Unity Catalog gets the same by `basketry.access.unity`; `basketry.access.lineage` finds personal data on its way out.
"""

from __future__ import annotations

from basketry.access.guard import Guarded, guard, visible_columns
from basketry.access.loader import known_tables, load_grants
from basketry.access.model import Access, AccessRefusedError, Grants, Team
from basketry.access.reads import permitted_sql

__all__ = [
    "Access",
    "AccessRefusedError",
    "Grants",
    "Guarded",
    "Team",
    "guard",
    "known_tables",
    "load_grants",
    "permitted_sql",
    "visible_columns",
]
