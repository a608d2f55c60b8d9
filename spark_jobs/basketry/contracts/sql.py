"""Writes a checked expression tree as Spark SQL in which a bad value gives null instead of an error."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from sqlglot import exp
from sqlglot.dialects.spark import Spark

from basketry.contracts import functions

_TRY = {exp.Add: "try_add", exp.Sub: "try_subtract", exp.Mul: "try_multiply", exp.Div: "try_divide", exp.Mod: "try_mod"}
_SEPARATOR = 31
"""The code of the unit separator, which separates the parts of a row_hash; a null is the character 0."""


def _call(name: str, *arguments: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _try_cast(tree: exp.Expression, target: str) -> exp.Expression:
    return exp.TryCast(this=tree, to=exp.DataType.build(target, dialect=Spark), safe=True)


class SqlWriter:
    """Writes a checked tree as Spark SQL, from the leaves up.

    Attributes:
        occurrences: the occurrence numbers that the written expressions need, see MappedColumn.
    """

    def __init__(self, kinds: Mapping[int, str | None], time_zone: str) -> None:
        """Prepare to write.

        Args:
            kinds: the kind of each part, by its id.
            time_zone: the time zone of the retailer, for local days.
        """
        self._kinds = kinds
        self._zone = exp.Literal.string(time_zone)
        self.occurrences: dict[str, tuple[str, ...]] = {}

    def write(self, tree: exp.Expression) -> str:
        """Return the Spark SQL of the tree; the tree itself stays as it is."""
        return str(self._rewrite(tree).sql(dialect=Spark, comments=False))

    def _rewrite(self, tree: exp.Expression) -> exp.Expression:
        if isinstance(tree, exp.Column):
            return exp.column(exp.to_identifier(tree.name, quoted=True))
        if isinstance(tree, exp.Paren):
            return exp.Paren(this=self._rewrite(tree.this))
        if isinstance(tree, exp.Cast):
            return self._cast(tree)
        if isinstance(tree, exp.Anonymous):
            return self._function(tree)
        if (name := _TRY.get(type(tree))) is not None:
            return _call(name, self._rewrite(tree.this), self._rewrite(tree.expression))
        return self._copy(tree)

    def _copy(self, tree: exp.Expression) -> exp.Expression:
        fresh = type(tree)()
        for name, value in tree.args.items():
            if isinstance(value, list):
                fresh.set(name, [self._rewrite(part) for part in value])
            else:
                fresh.set(name, self._rewrite(value) if isinstance(value, exp.Expression) else value)
        return fresh

    def _cast(self, tree: exp.Expression) -> exp.Expression:
        target = tree.args["to"].sql(dialect=Spark)
        if target.upper() == "DATE":
            return self._day(tree.this)
        return _try_cast(self._rewrite(tree.this), target)

    def _day(self, tree: exp.Expression) -> exp.Expression:
        inner = self._rewrite(tree)
        if self._kinds.get(id(tree)) == functions.TIMESTAMP:
            inner = _call("convert_timezone", self._zone.copy(), inner)
        return _try_cast(inner, "date")

    def _function(self, tree: exp.Expression) -> exp.Expression:
        name = str(tree.this).lower()
        special = self._special().get(name)
        if special is not None:
            return special(tree.expressions)
        return _call(name, *(self._argument(name, position, part) for position, part in enumerate(tree.expressions)))

    def _argument(self, name: str, position: int, tree: exp.Expression) -> exp.Expression:
        function, inner = functions.FUNCTIONS[name], self._rewrite(tree)
        if position in function.whole and not isinstance(tree, exp.Literal):
            return _try_cast(inner, "int")
        if function.kind(position) == functions.ANY and self._kinds.get(id(tree)) != functions.TEXT:
            return _try_cast(inner, "string")
        return inner

    def _special(self) -> dict[str, Callable[[list[exp.Expression]], exp.Expression]]:
        return {
            "to_date": self._to_date,
            "to_timestamp": self._to_timestamp,
            "make_date": self._make_date,
            "row_hash": self._row_hash,
            "occurrence": self._occurrence,
        }

    def _to_date(self, arguments: list[exp.Expression]) -> exp.Expression:
        if len(arguments) == 1:
            return self._day(arguments[0])
        text, pattern = (self._rewrite(argument) for argument in arguments)
        return _try_cast(_call("try_to_timestamp", text, pattern), "date")

    def _to_timestamp(self, arguments: list[exp.Expression]) -> exp.Expression:
        text, pattern = (self._rewrite(argument) for argument in arguments)
        # Through the clock time without a zone, so that the session's time zone has no say.
        clock = _try_cast(_call("try_to_timestamp", text, pattern), "timestamp_ntz")
        local = _call("convert_timezone", self._zone.copy(), _call("current_timezone"), clock)
        return _try_cast(local, "timestamp")

    def _make_date(self, arguments: list[exp.Expression]) -> exp.Expression:
        year, month, day = (self._digits(part, width) for part, width in zip(arguments, (4, 2, 2), strict=True))
        dash = exp.Literal.string("-")
        # Not concat_ws: it would leave a missing part out, and 2026-02 is a date to Spark.
        parts = (year, dash, month, dash.copy(), day)
        return _try_cast(_call("concat", *parts), "date")

    def _digits(self, tree: exp.Expression, width: int) -> exp.Expression:
        text = _try_cast(_try_cast(self._rewrite(tree), "int"), "string")
        return _call("lpad", text, exp.Literal.number(width), exp.Literal.string("0"))

    def _occurrence(self, arguments: list[exp.Expression]) -> exp.Expression:
        # A row alone cannot say how many equal rows stand before it: the number is a column of its own, counted before.
        values = tuple(self._rewrite(argument).sql(dialect=Spark, comments=False) for argument in arguments)
        name = f"occurrence:{hashlib.sha256(repr(values).encode()).hexdigest()[:16]}"
        self.occurrences[name] = values
        return exp.column(exp.to_identifier(name, quoted=True))

    def _row_hash(self, arguments: list[exp.Expression]) -> exp.Expression:
        texts = (_try_cast(self._rewrite(argument), "string") for argument in arguments)
        parts = [_call("coalesce", text, _call("char", exp.Literal.number(0))) for text in texts]
        joined = _call("concat_ws", _call("char", exp.Literal.number(_SEPARATOR)), *parts)
        return _call("sha2", joined, exp.Literal.number(256))
