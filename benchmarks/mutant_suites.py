"""What mutants are made of, and which unit tests judge them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LIBRARY = "spark_jobs/basketry"


@dataclass(frozen=True)
class Suite:
    """What is changed, and the unit tests that judge it.

    Attributes:
        sources: Paths within the library.
        tests: The files with the tests, the fast ones first.
        first: By file name, the tests that are most likely to notice a change of that file.
    """

    sources: tuple[str, ...]
    tests: tuple[str, ...]
    first: Mapping[str, str]

    def first_of(self, path: str) -> str:
        """Return the test file that is asked first about a change of a file."""
        return self.first.get(Path(path).name, "")


SUITES = {
    "contracts": Suite(
        sources=("contracts", "config/catalogs.py", "config/documents.py", "config/formats.py"),
        tests=(
            "tests/basketry/config/test_documents.py",
            "tests/basketry/config/test_formats.py",
            "tests/basketry/contracts/test_checks.py",
            "tests/basketry/contracts/test_limits.py",
            "tests/basketry/contracts/test_sql.py",
            "tests/basketry/contracts/test_heads.py",
            "tests/basketry/contracts/test_delivered.py",
            "tests/basketry/contracts/test_mapping.py",
            "tests/basketry/contracts/test_expressions.py",
            "tests/basketry/contracts/test_loader.py",
            "tests/basketry/contracts/test_mistakes.py",
        ),
        first={
            "documents.py": "tests/basketry/config/test_documents.py",
            "formats.py": "tests/basketry/config/test_formats.py",
            "catalogs.py": "tests/basketry/contracts/test_heads.py",
            "loader.py": "tests/basketry/contracts/test_heads.py",
            "model.py": "tests/basketry/contracts/test_heads.py",
            "delivered.py": "tests/basketry/contracts/test_delivered.py",
            "mapping.py": "tests/basketry/contracts/test_mapping.py",
            "checks.py": "tests/basketry/contracts/test_checks.py",
            "functions.py": "tests/basketry/contracts/test_checks.py",
            "expressions.py": "tests/basketry/contracts/test_limits.py",
            "sql.py": "tests/basketry/contracts/test_sql.py",
        },
    ),
    "gates": Suite(
        sources=("gates",),
        tests=(
            "tests/basketry/gates/test_gate_mistakes.py",
            "tests/basketry/gates/test_gate_reading.py",
            "tests/basketry/gates/test_gate_rows.py",
            "tests/basketry/gates/test_gate_reasons.py",
            "tests/basketry/gates/test_gates.py",
            "tests/basketry/gates/test_gate_limits.py",
        ),
        first={
            "loader.py": "tests/basketry/gates/test_gate_reading.py",
            "model.py": "tests/basketry/gates/test_gate_reading.py",
            "formatting.py": "tests/basketry/gates/test_gate_rows.py",
            "bounds.py": "tests/basketry/gates/test_gate_rows.py",
            "checks.py": "tests/basketry/gates/test_gate_reasons.py",
            "threshold.py": "tests/basketry/gates/test_gate_reasons.py",
            "verdicts.py": "tests/basketry/gates/test_gate_reasons.py",
        },
    ),
}
"""Contracts with the files of config that read them, and gates."""
