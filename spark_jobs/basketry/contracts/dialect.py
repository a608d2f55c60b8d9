"""How sqlglot reads an expression of a contract."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot.dialects.spark import Spark

_READ_SPECIALLY = ("CAST", "TRY_CAST")


class ContractDialect(Spark):
    """Spark SQL in which every function call stays a call by its name, so that a list of names is the whole gate."""

    class Parser(Spark.Parser):
        """No function is special except CAST, TRY_CAST, CASE and IF."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}
        FUNCTION_PARSERS = {
            name: parser for name, parser in Spark.Parser.FUNCTION_PARSERS.items() if name in _READ_SPECIALLY
        }
