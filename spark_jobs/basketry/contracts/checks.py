"""What an expression of a contract may consist of, and of which kind each part is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

from sqlglot import exp

from basketry.config.documents import Node, did_you_mean
from basketry.config.formats import date_pattern_problem, regex_problem
from basketry.contracts import functions
from basketry.contracts.dialect import ContractDialect
from basketry.contracts.growth import length_problem


class Checker:
    """Checks the tree of an expression: refuses what is not allowed and finds the kind of every part.

    Attributes:
        columns_used: the columns that the expression reads.
        kinds: the kind of every part that was checked, by the id of the part.
    """

    def __init__(self, node: Node, what: str, columns: Mapping[str, str]) -> None:
        """Prepare to check an expression.

        Args:
            node: where the expression stands in the contract.
            what: what errors call it.
            columns: the type of each column that it may use.
        """
        self.node, self.what, self.columns = node, what, columns
        self.columns_used: set[str] = set()
        self.kinds: dict[int, str | None] = {}

    def kind(self, tree: exp.Expression) -> str | None:
        """Return the kind of a part, and remember it for the writer."""
        rule = _RULES.get(type(tree), _refused)
        _check_arguments(self, tree)
        kind = self.kinds[id(tree)] = rule(self, tree)
        return kind

    def fail(self, problem: str) -> NoReturn:
        """Refuse the expression with a sentence that names it."""
        self.node.fail(f"{self.what} {problem}")

    def require_kind(self, tree: exp.Expression, wanted: str) -> None:
        """Refuse a part that is of another kind; null is of every kind."""
        kind = self.kind(tree)
        if wanted != functions.ANY and kind not in (None, wanted):
            self.fail(f"has '{_sql(tree)}', which is {kind}, where {wanted} is needed; {_conversion(wanted)}.")

    def require_same_kind(self, trees: list[exp.Expression]) -> str | None:
        """Refuse parts of different kinds; return the kind that they share."""
        kinds = [self.kind(tree) for tree in trees]
        distinct = {kind for kind in kinds if kind is not None}
        if len(distinct) > 1:
            pairs = ", ".join(f"'{_sql(tree)}' ({kind})" for tree, kind in zip(trees, kinds, strict=True) if kind)
            self.fail(f"mixes {pairs}; {_conversion(next(kind for kind in kinds if kind))}.")
        return distinct.pop() if distinct else None


def _conversion(wanted: str) -> str:
    if wanted == functions.TIMESTAMP:
        return "use to_timestamp(text, 'pattern')"
    words = {
        functions.TEXT: "string",
        functions.NUMBER: "decimal(18,4)",
        functions.DATE: "date",
        functions.BOOLEAN: "boolean",
    }
    return f"use cast(… as {words[wanted]})"


def _refused(checker: Checker, tree: exp.Expression) -> NoReturn:
    part = f"'{_sql(tree)}' ({type(tree).__name__})"
    checker.fail(f"has {part}, which an expression may not have; use columns, literals and the known functions.")


def _sql(tree: exp.Expression) -> str:
    text = tree.sql(dialect=ContractDialect, comments=False)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _check_arguments(checker: Checker, tree: exp.Expression) -> None:
    # Anything that hides in an argument we do not read (a query in IN, a table before a column) is refused here.
    allowed = _PARTS.get(type(tree), ("this", "expression"))
    for name, value in tree.args.items():
        if value not in (None, False, []) and name not in allowed:
            _refused(checker, tree)


def _column(checker: Checker, tree: exp.Expression) -> str | None:
    name = tree.name
    if not isinstance(tree.this, exp.Identifier):
        checker.fail("has '*'; name the columns.")
    if name not in checker.columns:
        if name.lower() in functions.CLOCK_OR_CHANCE:
            checker.fail(f"uses '{name}', which depends on the clock or on chance; use delivered columns only.")
        checker.fail(f"has the unknown column '{name}'; {did_you_mean(name, checker.columns)}")
    checker.columns_used.add(name)
    return functions.KIND_OF_TYPE[checker.columns[name].split("(")[0]]


def _literal(_: Checker, tree: exp.Expression) -> str | None:
    return functions.TEXT if tree.is_string else functions.NUMBER


def _call(checker: Checker, tree: exp.Expression) -> str | None:
    name, arguments = str(tree.this).lower(), tree.expressions
    if name in functions.CLOCK_OR_CHANCE:
        checker.fail(f"uses '{name}()', which depends on the clock or on chance; use delivered columns only.")
    function = functions.FUNCTIONS.get(name)
    if function is None:
        checker.fail(f"has the unknown function '{name}'; {did_you_mean(name, [*functions.FUNCTIONS, 'if', 'cast'])}")
    if not function.min_arguments <= len(arguments) <= function.max_arguments:
        checker.fail(
            f"gives {name} {len(arguments)} arguments; it takes {function.min_arguments} to {function.max_arguments}."
        )
    _check_literals(checker, name, function, arguments)
    _check_occurrence(checker, name, arguments)
    alike = [argument for position, argument in enumerate(arguments) if function.kind(position) == functions.SAME]
    for position, argument in enumerate(arguments):
        if function.kind(position) != functions.SAME:
            checker.require_kind(argument, function.kind(position))
    shared_kind = checker.require_same_kind(alike) if alike else None
    return shared_kind if function.result == functions.SAME else function.result


def _check_literals(checker: Checker, name: str, function: functions.Function, arguments: list[exp.Expression]) -> None:
    for position in function.literals:
        if position < len(arguments) and not isinstance(arguments[position], exp.Literal):
            written = _sql(arguments[position])
            checker.fail(f"gives {name} '{written}' as argument {position + 1}; write a literal there.")
    if function.pattern is not None:
        _check_pattern(checker, arguments[function.pattern], _groups_needed(name, arguments))
    if (
        name in ("to_date", "to_timestamp")
        and len(arguments) > 1
        and (problem := date_pattern_problem(arguments[1].name))
    ):
        checker.fail(f"gives {name} the pattern '{arguments[1].name}', which {problem}")
    if problem := length_problem(name, arguments):
        checker.fail(problem)
    if name == "split_part" and arguments[2].name == "0":
        checker.fail("asks split_part for part 0; parts count from 1.")


def _check_occurrence(checker: Checker, name: str, arguments: list[exp.Expression]) -> None:
    if name == "occurrence":
        inner = (part for argument in arguments for part in argument.find_all(exp.Anonymous))
        if any(str(part.this).lower() == name for part in inner):
            checker.fail("has an occurrence within an occurrence; name the columns in one.")
        if not any(True for argument in arguments for _ in argument.find_all(exp.Column)):
            checker.fail(
                "counts the occurrence of what is the same in every row; name columns, e.g. the order's number."
            )


def _groups_needed(name: str, arguments: list[exp.Expression]) -> int:
    if name != "regexp_extract":
        return 0
    return int(arguments[2].name) if len(arguments) > 2 and arguments[2].is_int else 1


def _check_pattern(checker: Checker, tree: exp.Expression, groups: int) -> None:
    if not isinstance(tree, exp.Literal):
        checker.fail(f"has the pattern '{_sql(tree)}'; write it as a literal.")
    if problem := regex_problem(tree.name, groups):
        checker.fail(f"has a pattern: {problem}")


def _cast(checker: Checker, tree: exp.Expression) -> str | None:
    checker.kind(tree.this)
    target = tree.args["to"].this.name if isinstance(tree.args["to"].this, exp.DataType.Type) else ""
    if target not in functions.CASTS:
        hint = did_you_mean(target.lower(), _cast_names())
        if target.startswith("TIMESTAMP"):
            hint = "use to_timestamp(text, 'pattern')."
        checker.fail(f"casts to {tree.args['to'].sql(dialect=ContractDialect)}; {hint}")
    _check_precision(checker, [int(size.name) for size in tree.args["to"].expressions if size.name.isdigit()])
    return functions.CASTS[target]


def _check_precision(checker: Checker, sizes: list[int]) -> None:
    if len(sizes) > 2:
        checker.fail(f"casts to decimal({','.join(map(str, sizes))}); give it two sizes, e.g. decimal(18,4).")
    precision, scale = (*sizes, 10, 0)[:2] if len(sizes) != 1 else (sizes[0], 0)
    if not 1 <= precision <= 38 or not 0 <= scale <= precision:
        checker.fail(f"casts to decimal({precision},{scale}); use at most 38 digits, e.g. decimal(18,4).")


def _cast_names() -> list[str]:
    return [name.lower() for name in functions.CASTS if name != "TEXT"]


def _arithmetic(checker: Checker, tree: exp.Expression) -> str | None:
    for part in (tree.this, tree.expression):
        checker.require_kind(part, functions.NUMBER)
    return functions.NUMBER


def _negative(checker: Checker, tree: exp.Expression) -> str | None:
    checker.require_kind(tree.this, functions.NUMBER)
    return functions.NUMBER


def _comparison(checker: Checker, tree: exp.Expression) -> str | None:
    checker.require_same_kind([tree.this, tree.expression])
    return functions.BOOLEAN


def _logic(checker: Checker, tree: exp.Expression) -> str | None:
    for part in (tree.this, tree.args.get("expression")):
        if part is not None:
            checker.require_kind(part, functions.BOOLEAN)
    return functions.BOOLEAN


def _like(checker: Checker, tree: exp.Expression) -> str | None:
    checker.require_kind(tree.this, functions.TEXT)
    checker.require_kind(tree.expression, functions.TEXT)
    if not isinstance(tree.expression, exp.Literal):
        checker.fail(f"has the pattern '{_sql(tree.expression)}'; write it as a literal.")
    if isinstance(tree, exp.RegexpLike):
        _check_pattern(checker, tree.expression, 0)
    return functions.BOOLEAN


def _in(checker: Checker, tree: exp.Expression) -> str | None:
    checker.require_same_kind([tree.this, *tree.expressions])
    return functions.BOOLEAN


def _between(checker: Checker, tree: exp.Expression) -> str | None:
    checker.require_same_kind([tree.this, tree.args["low"], tree.args["high"]])
    return functions.BOOLEAN


def _is(checker: Checker, tree: exp.Expression) -> str | None:
    checker.kind(tree.this)
    checker.kind(tree.expression)
    if not isinstance(tree.expression, exp.Null | exp.Boolean):
        checker.fail(f"has '{_sql(tree)}'; after IS write null, true or false.")
    return functions.BOOLEAN


def _case(checker: Checker, tree: exp.Expression) -> str | None:
    branches = tree.args["ifs"] if isinstance(tree, exp.Case) else [tree]
    if (subject := tree.this if isinstance(tree, exp.Case) else None) is not None:
        checker.require_same_kind([subject, *(branch.this for branch in branches)])
    else:
        for branch in branches:
            checker.require_kind(branch.this, functions.BOOLEAN)
    results = [branch.args["true"] for branch in branches]
    otherwise = tree.args.get("default") or tree.args.get("false")
    return checker.require_same_kind(results + ([otherwise] if otherwise is not None else []))


_RULES: dict[type[exp.Expression], Callable[[Checker, exp.Expression], str | None]] = {
    exp.Column: _column,
    exp.Literal: _literal,
    exp.Boolean: lambda *_: functions.BOOLEAN,
    exp.Null: lambda *_: None,
    exp.Paren: lambda checker, tree: checker.kind(tree.this),
    exp.Anonymous: _call,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Case: _case,
    exp.If: _case,
    exp.Neg: _negative,
    exp.Not: _logic,
    exp.Is: _is,
    exp.In: _in,
    exp.Between: _between,
    exp.Like: _like,
    exp.ILike: _like,
    exp.RegexpLike: _like,
    **dict.fromkeys((exp.And, exp.Or), _logic),
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod), _arithmetic),
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ), _comparison),
}

_PARTS: dict[type[exp.Expression], tuple[str, ...]] = {
    exp.Column: ("this",),
    exp.Literal: ("this", "is_string"),
    exp.Anonymous: ("this", "expressions"),
    exp.Cast: ("this", "to", "safe"),
    exp.TryCast: ("this", "to", "safe"),
    exp.Case: ("this", "ifs", "default"),
    exp.If: ("this", "true", "false"),
    exp.In: ("this", "expressions", "negate"),
    exp.Between: ("this", "low", "high", "negate"),
    **dict.fromkeys((exp.Like, exp.ILike, exp.RegexpLike), ("this", "expression", "negate")),
    exp.Div: ("this", "expression", "typed", "safe"),
}
