"""How a process ends that ran a job."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from basketry.config.settings import Settings
from basketry.errors import BAD_INPUT_EXIT, TRY_AGAIN_EXIT, BadInputError, TryAgainError


@contextmanager
def exits_by_code() -> Iterator[None]:
    """End the process with 65 on bad input and with 75 when a later try may help, and print the sentence.

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
        sys.exit(BAD_INPUT_EXIT if isinstance(error, BadInputError) else TRY_AGAIN_EXIT)
