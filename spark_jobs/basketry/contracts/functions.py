"""The functions that an expression may call, with the kinds of their arguments. What is not here is refused."""

from __future__ import annotations

from dataclasses import dataclass

TEXT, NUMBER, DATE, TIMESTAMP, BOOLEAN, ANY = "text", "number", "date", "timestamp", "boolean", "any"
SAME = "same"
"""Result kind: that of the arguments of kind SAME, which must agree among themselves."""

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


@dataclass(frozen=True)
class Function:
    """A function: kinds of its arguments (the last may repeat), how many may be left out, kind of its result.

    literals: positions of arguments that must be written out, because a row must not choose a pattern or a length.
    pattern: position of a regular expression; whole: positions of numbers that Spark wants as int.
    """

    arguments: tuple[str, ...]
    result: str
    optional: int = 0
    repeats: bool = False
    literals: tuple[int, ...] = ()
    pattern: int | None = None
    whole: tuple[int, ...] = ()

    @property
    def fewest(self) -> int:
        """Fewest arguments."""
        return len(self.arguments) - self.optional

    @property
    def most(self) -> int:
        """Most arguments; lists that repeat end at 64."""
        return 64 if self.repeats else len(self.arguments)

    def kind(self, position: int) -> str:
        """Kind of the argument at that position, from 0."""
        return self.arguments[min(position, len(self.arguments) - 1)]


_one_text = Function((TEXT,), TEXT)
_one_number = Function((NUMBER,), NUMBER)

FUNCTIONS = {
    "upper": _one_text,
    "lower": _one_text,
    "trim": _one_text,
    "ltrim": _one_text,
    "rtrim": _one_text,
    "initcap": _one_text,
    "length": Function((TEXT,), NUMBER),
    "substr": Function((TEXT, NUMBER, NUMBER), TEXT, optional=1, whole=(1, 2)),
    "substring": Function((TEXT, NUMBER, NUMBER), TEXT, optional=1, whole=(1, 2)),
    "left": Function((TEXT, NUMBER), TEXT, whole=(1,)),
    "right": Function((TEXT, NUMBER), TEXT, whole=(1,)),
    "startswith": Function((TEXT, TEXT), BOOLEAN),
    "endswith": Function((TEXT, TEXT), BOOLEAN),
    "contains": Function((TEXT, TEXT), BOOLEAN),
    "concat": Function((ANY,), TEXT, repeats=True),
    "concat_ws": Function((TEXT, ANY), TEXT, repeats=True, literals=(0,)),
    "replace": Function((TEXT, TEXT, TEXT), TEXT),
    "translate": Function((TEXT, TEXT, TEXT), TEXT, literals=(1, 2)),
    "lpad": Function((ANY, NUMBER, TEXT), TEXT, literals=(1, 2)),
    "rpad": Function((ANY, NUMBER, TEXT), TEXT, literals=(1, 2)),
    "split_part": Function((TEXT, TEXT, NUMBER), TEXT, literals=(1, 2)),
    "regexp_replace": Function((TEXT, TEXT, TEXT), TEXT, literals=(1, 2), pattern=1),
    "regexp_extract": Function((TEXT, TEXT, NUMBER), TEXT, optional=1, literals=(1, 2), pattern=1),
    "coalesce": Function((SAME, SAME), SAME, repeats=True),
    "nullif": Function((SAME, SAME), SAME),
    "greatest": Function((SAME, SAME), SAME, repeats=True),
    "least": Function((SAME, SAME), SAME, repeats=True),
    "abs": _one_number,
    "floor": _one_number,
    "ceil": _one_number,
    "sign": _one_number,
    "round": Function((NUMBER, NUMBER), NUMBER, optional=1, literals=(1,)),
    "date_add": Function((DATE, NUMBER), DATE, whole=(1,)),
    "date_sub": Function((DATE, NUMBER), DATE, whole=(1,)),
    "datediff": Function((DATE, DATE), NUMBER),
    "make_date": Function((NUMBER, NUMBER, NUMBER), DATE),
    "to_date": Function((ANY, TEXT), DATE, optional=1, literals=(1,)),
    "to_timestamp": Function((TEXT, TEXT), TIMESTAMP, literals=(1,)),
    "row_hash": Function((ANY,), TEXT, repeats=True),
    "occurrence": Function((ANY,), NUMBER, repeats=True),
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
"""Known functions whose result depends on the clock, chance or place; they get an error of their own."""
