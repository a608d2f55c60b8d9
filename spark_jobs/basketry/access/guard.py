"""The wall before every query that a person, a page or a model wrote: what is not known to be harmless is refused.

One SELECT; only tables and columns that the team may read; only the kinds of expressions in ALLOWED; a LIMIT always.
What reads files, settings, the clock or chance is in no list here, so it is refused like a word that does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify

from basketry.access.model import AccessRefusedError, Grants
from basketry.access.names import base_tables, check_names
from basketry.access.reads import DIALECT, parse_query, permitted
from basketry.tables import Table

_SHAPE = (
    exp.Select,
    exp.From,
    exp.Join,
    exp.Where,
    exp.Group,
    exp.Having,
    exp.Order,
    exp.Ordered,
    exp.Limit,
    exp.Offset,
    exp.Subquery,
    exp.With,
    exp.CTE,
    exp.Union,
    exp.Except,
    exp.Intersect,
    exp.Distinct,
    exp.Qualify,
    exp.Values,
    exp.Table,
    exp.TableAlias,
    exp.Alias,
    exp.Identifier,
    exp.Column,
    exp.Star,
    exp.Paren,
    exp.Tuple,
    exp.Lateral,
    exp.Literal,
    exp.Boolean,
    exp.Null,
    exp.Placeholder,
    exp.Var,
    exp.Cast,
    exp.TryCast,
    exp.DataType,
    exp.DataTypeParam,
)
_OPERATORS = (
    exp.And,
    exp.Or,
    exp.Not,
    exp.EQ,
    exp.NEQ,
    exp.NullSafeEQ,
    exp.LT,
    exp.LTE,
    exp.GT,
    exp.GTE,
    exp.Between,
    exp.In,
    exp.Is,
    exp.Like,
    exp.ILike,
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Div,
    exp.IntDiv,
    exp.Mod,
    exp.Neg,
    exp.Case,
    exp.If,
    exp.Exists,
    exp.Bracket,
    exp.DPipe,
    exp.Interval,
    exp.Escape,
)
_FUNCTIONS = (
    exp.Sum,
    exp.Count,
    exp.Avg,
    exp.Min,
    exp.Max,
    exp.Stddev,
    exp.StddevSamp,
    exp.Median,
    exp.Quantile,
    exp.ArgMax,
    exp.ArgMin,
    exp.Filter,
    exp.Window,
    exp.WindowSpec,
    exp.RowNumber,
    exp.Rank,
    exp.DenseRank,
    exp.Lag,
    exp.Lead,
    exp.Coalesce,
    exp.Nullif,
    exp.Round,
    exp.Abs,
    exp.Floor,
    exp.Ceil,
    exp.Greatest,
    exp.Least,
    exp.Sqrt,
    exp.Ln,
    exp.Exp,
    exp.Lower,
    exp.Upper,
    exp.Trim,
    exp.Length,
    exp.Substring,
    exp.Concat,
    exp.ConcatWs,
    exp.Contains,
    exp.StartsWith,
    exp.DateTrunc,
    exp.TimestampTrunc,
    exp.Year,
    exp.Quarter,
    exp.Month,
    exp.Day,
    exp.TsOrDsAdd,
    exp.TsOrDsToDate,
    exp.DateAdd,
    exp.DateSub,
    exp.DateDiff,
    exp.Explode,
    exp.ArraySize,
    exp.ArrayContains,
    exp.MapKeys,
    exp.StrPosition,
)
ALLOWED = frozenset((*_SHAPE, *_OPERATORS, *_FUNCTIONS))
"""Every kind of expression that a query may be made of."""

DEEPEST, LONGEST = 60, 20_000
"""Most levels of a query, most letters: beyond them it is an attack on the reader, not a question."""


@dataclass(frozen=True, eq=False)  # known by itself: comparing two trees costs more than asking them
class Guarded:
    """A query that has passed.

    Attributes:
        query: Every column is named in full, masked columns are gone, LIMIT is set.
        tables: The tables that it reads.
    """

    query: exp.Query
    tables: tuple[Table, ...]

    def sql(self, dialect: str = DIALECT) -> str:
        """Return the query as text."""
        return str(self.query.sql(dialect=dialect))


def guard(grants: Grants, team: str, sql: str, limit: int) -> Guarded:
    """Return the query if it may be run.

    Args:
        grants: Who may read what.
        team: The team that asks.
        sql: One SELECT; `*` stands for the columns that the team may see.
        limit: Most rows; a smaller LIMIT of the query's own stays.

    Raises:
        AccessRefusedError: The query may not be run; says why in one sentence.
    """
    if len(sql) > LONGEST:
        raise AccessRefusedError("the query is too long: ask for less at once.")
    tree = parse_query(sql, DIALECT)
    _check_allowed(tree)
    check_names(tree, grants.tables, DIALECT)
    tables = _tables(grants, team, tree)
    qualified = _with_names(grants, team, tree, tables)
    _limited(qualified, limit)
    return Guarded(permitted(grants, team, qualified), tuple(tables.values()))


def visible_columns(grants: Grants, team: str, full_name: str) -> tuple[str, ...]:
    """Return the columns of `schema.table` that the team sees in clear; AccessRefusedError for a table it may not read."""
    access = grants.access(team, full_name)
    return tuple(name for name in access.table.column_names if name not in access.masked)


def _check_allowed(tree: exp.Expression) -> None:
    for node in tree.walk():
        if type(node) not in ALLOWED:
            raise AccessRefusedError(f"the query uses {_called(node)}, which may not be asked: see docs/ask.md.")
        if node.depth > DEEPEST:
            raise AccessRefusedError("the query is nested too deeply: ask for less at once.")
    if any(clause.args.get("recursive") for clause in tree.find_all(exp.With)):
        raise AccessRefusedError("the query calls itself (WITH RECURSIVE), which may not be asked.")


def _called(node: exp.Expression) -> str:
    return f"the function {node.name}" if isinstance(node, exp.Anonymous) else type(node).__name__.upper()


def _tables(grants: Grants, team: str, tree: exp.Query) -> Mapping[str, Table]:
    tables: dict[str, Table] = {}
    for reference in base_tables(tree, grants.catalog):
        full_name = f"{reference.db}.{reference.name}"
        tables[full_name] = grants.access(team, full_name).table
    if not tables and tree.find(exp.From):
        raise AccessRefusedError("the query reads no table: name one as schema.table.")
    return tables


def _with_names(grants: Grants, team: str, tree: exp.Query, tables: Mapping[str, Table]) -> exp.Query:
    """Qualify every column by its table; one that does not exist or is masked is refused."""
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for full_name, table in tables.items():
        visible = {name: table.column(name).type for name in visible_columns(grants, team, full_name)}
        schema.setdefault(table.schema, {})[table.name] = visible
    for table in tree.find_all(exp.Table):
        table.set("catalog", None)
    try:
        qualified = qualify(tree, schema=schema, dialect=DIALECT, validate_qualify_columns=True)
    except SqlglotError as error:
        reason = str(error).splitlines()[0].split(". Line")[0].rstrip(".")
        raise AccessRefusedError(f"the query cannot be asked: {reason}, or may not be read by team {team}.") from None
    assert isinstance(qualified, exp.Query)  # noqa: S101  what goes in as a query comes out as one
    return qualified


def _limited(query: exp.Query, limit: int) -> None:
    own = query.args.get("limit")
    count = own.expression if isinstance(own, exp.Limit) else None
    if own is not None and not (isinstance(count, exp.Literal) and count.is_int):
        raise AccessRefusedError("LIMIT must be a whole number.")
    if count is None or int(count.this) > limit:
        query.set("limit", exp.Limit(expression=exp.Literal.number(limit)))
