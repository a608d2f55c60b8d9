"""The functions that an expression may call, with the kinds of their arguments. Any other function is refused."""

from __future__ import annotations

from dataclasses import dataclass

TEXT, NUMBER, DATE, TIMESTAMP, BOOLEAN, ANY = "text", "number", "date", "timestamp", "boolean", "any"
SAME = "same"
"""The kind of a result that is that of the arguments of kind SAME, which must agree among themselves."""

KIND_OF_TYPE = {
    "string": TEXT,
    "integer": NUMBER,
    "number": NUMBER,
    "boolean": BOOLEAN,
    "date": DATE,
    "timestamp": TIMESTAMP,
    "int": NUMBER,
    "bigint": NUMBER,
    "double": NUMBER,
    "decimal": NUMBER,
}


@dataclass(frozen=True, kw_only=True)
class Function:
    """The signature of a function.

    Attributes:
        arguments: the kinds of its arguments.
        result: the kind of its result.
        optional: how many of the last arguments may be left out.
        repeats: whether the last argument may be repeated.
        literals: the positions of arguments that must be literals, because a row must not choose a pattern or a length.
        pattern: the position of a regular expression.
        whole: the positions of numbers that Spark wants as int.
    """

    arguments: tuple[str, ...]
    result: str
    optional: int = 0
    repeats: bool = False
    literals: tuple[int, ...] = ()
    pattern: int | None = None
    whole: tuple[int, ...] = ()

    @property
    def min_arguments(self) -> int:
        """The smallest number of arguments."""
        return len(self.arguments) - self.optional

    @property
    def max_arguments(self) -> int:
        """The largest number of arguments; lists that repeat end at 64."""
        return 64 if self.repeats else len(self.arguments)

    def kind(self, position: int) -> str:
        """Return the kind of the argument at that position, from 0."""
        return self.arguments[min(position, len(self.arguments) - 1)]


_one_text = Function(arguments=(TEXT,), result=TEXT)
_one_number = Function(arguments=(NUMBER,), result=NUMBER)

LONGEST_PADDING = 1_000
MOST_GROWTH = 1_000
"""To how many times its columns an expression may grow a text, as far as the expression itself can tell."""

FUNCTIONS = {
    "upper": _one_text,
    "lower": _one_text,
    "trim": _one_text,
    "ltrim": _one_text,
    "rtrim": _one_text,
    "initcap": _one_text,
    "length": Function(arguments=(TEXT,), result=NUMBER),
    "substr": Function(arguments=(TEXT, NUMBER, NUMBER), result=TEXT, optional=1, whole=(1, 2)),
    "substring": Function(arguments=(TEXT, NUMBER, NUMBER), result=TEXT, optional=1, whole=(1, 2)),
    "left": Function(arguments=(TEXT, NUMBER), result=TEXT, whole=(1,)),
    "right": Function(arguments=(TEXT, NUMBER), result=TEXT, whole=(1,)),
    "startswith": Function(arguments=(TEXT, TEXT), result=BOOLEAN),
    "endswith": Function(arguments=(TEXT, TEXT), result=BOOLEAN),
    "contains": Function(arguments=(TEXT, TEXT), result=BOOLEAN),
    "concat": Function(arguments=(ANY,), result=TEXT, repeats=True),
    "concat_ws": Function(arguments=(TEXT, ANY), result=TEXT, repeats=True, literals=(0,)),
    "replace": Function(arguments=(TEXT, TEXT, TEXT), result=TEXT),
    "translate": Function(arguments=(TEXT, TEXT, TEXT), result=TEXT, literals=(1, 2)),
    "lpad": Function(arguments=(ANY, NUMBER, TEXT), result=TEXT, literals=(1, 2)),
    "rpad": Function(arguments=(ANY, NUMBER, TEXT), result=TEXT, literals=(1, 2)),
    "split_part": Function(arguments=(TEXT, TEXT, NUMBER), result=TEXT, literals=(1, 2)),
    "regexp_replace": Function(arguments=(TEXT, TEXT, TEXT), result=TEXT, literals=(1, 2), pattern=1),
    "regexp_extract": Function(arguments=(TEXT, TEXT, NUMBER), result=TEXT, optional=1, literals=(1, 2), pattern=1),
    "coalesce": Function(arguments=(SAME, SAME), result=SAME, repeats=True),
    "nullif": Function(arguments=(SAME, SAME), result=SAME),
    "greatest": Function(arguments=(SAME, SAME), result=SAME, repeats=True),
    "least": Function(arguments=(SAME, SAME), result=SAME, repeats=True),
    "abs": _one_number,
    "floor": _one_number,
    "ceil": _one_number,
    "sign": _one_number,
    "round": Function(arguments=(NUMBER, NUMBER), result=NUMBER, optional=1, literals=(1,)),
    "date_add": Function(arguments=(DATE, NUMBER), result=DATE, whole=(1,)),
    "date_sub": Function(arguments=(DATE, NUMBER), result=DATE, whole=(1,)),
    "datediff": Function(arguments=(DATE, DATE), result=NUMBER),
    "make_date": Function(arguments=(NUMBER, NUMBER, NUMBER), result=DATE),
    "to_date": Function(arguments=(ANY, TEXT), result=DATE, optional=1, literals=(1,)),
    "to_timestamp": Function(arguments=(TEXT, TEXT), result=TIMESTAMP, literals=(1,)),
    "row_hash": Function(arguments=(ANY,), result=TEXT, repeats=True),
    "occurrence": Function(arguments=(ANY,), result=NUMBER, repeats=True),
}

CASTS = {
    "STRING": TEXT,
    "TEXT": TEXT,
    "INT": NUMBER,
    "BIGINT": NUMBER,
    "DECIMAL": NUMBER,
    "DOUBLE": NUMBER,
    "DATE": DATE,
    "BOOLEAN": BOOLEAN,
}

CLOCK_OR_CHANCE = (
    "now",
    "current_date",
    "current_timestamp",
    "curdate",
    "current_time",
    "localtimestamp",
    "unix_timestamp",
    "rand",
    "random",
    "randn",
    "randstr",
    "uuid",
    "shuffle",
    "monotonically_increasing_id",
    "spark_partition_id",
    "input_file_name",
    "current_user",
    "user",
    "session_user",
    "current_timezone",
)
"""Functions of Spark whose result depends on the clock, chance or place; they get an error of their own."""
