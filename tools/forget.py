"""`make forget REQUEST=…`: customer numbers are asked here and written into the request's file, which the run deletes.

They are no argument, so that no list of processes, no shell's history and no form keeps them.
"""

from __future__ import annotations

import os
import sys

from tools.environment import InstancePaths, chosen_catalog
from tools.problem import Problem


def forget_command(arguments: list[str]) -> int:
    """Write the file of REQUEST, and say what to start."""
    from basketry.config.forget_requests import parse_numbers, request_path, write_request
    from basketry.config.settings import Settings
    from basketry.errors import BadInputError

    request_id, catalog = os.environ.get("REQUEST", ""), chosen_catalog()
    if arguments or not request_id:
        raise Problem("name the request, and give the customer numbers when asked: make forget REQUEST=R-1.")
    settings = Settings.from_environment({**os.environ, "BASKETRY_HOME": str(InstancePaths.from_environment().home)})
    try:
        path = request_path(settings, catalog, request_id)
        if sys.stdin.isatty():
            print(f"Customer numbers of {catalog} that are to be forgotten, one per line; end with Ctrl-D:", flush=True)
        numbers = parse_numbers(sys.stdin.read())
        write_request(path, numbers)
    except BadInputError as error:
        raise Problem(error.message) from None
    print(
        f"{len(numbers):,} customer numbers are written. Start the DAG forget for {catalog} with the request {request_id},"
    )
    print("first as a dry run; when it has forgotten them, it deletes the file.")
    return 0
