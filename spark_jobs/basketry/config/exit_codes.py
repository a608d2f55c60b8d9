"""How a process ends that ran a job."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from basketry.config.settings import Settings
from basketry.errors import BAD_INPUT_EXIT, UNTRUSTED_EXIT, BadInputError, TryAgainError, UntrustedModelError


@contextmanager
def exits_by_code() -> Iterator[None]:
    """End the process with 65 on bad input, 77 on a model that nobody promoted, 75 or 78 when a later try may help.

    The sentence is printed.

    On Databricks both errors are raised as they are: it shows them.
    """
    shows_errors = False
    try:
        shows_errors = Settings.from_environment().runtime == "databricks"
        yield
    except (BadInputError, TryAgainError) as error:
        if shows_errors:
            raise
        print(f"basketry.errors.{type(error).__name__}: {error}", file=sys.stderr)
        sys.stderr.flush()
        if isinstance(error, UntrustedModelError):
            sys.exit(UNTRUSTED_EXIT)
        sys.exit(BAD_INPUT_EXIT if isinstance(error, BadInputError) else error.exit_code)
