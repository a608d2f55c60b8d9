"""`make setup`: everything installed, nothing started."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tools.environment import InstancePaths, environment
from tools.home import make_home
from tools.instance_secrets import registry_login
from tools.java import java_home
from tools.masks import readable
from tools.preflight import check_setup
from tools.spark import prepare_spark


def install(places: InstancePaths, say: Callable[[str], None]) -> Path:
    """Make Java and Spark ready in the cache; returns the JAVA_HOME. Makes no secret: an image is set up by this."""
    check_setup(places)
    make_home(places.home)  # with its folder tmp before Spark starts, which would make them for everybody
    (places.home / "tmp").mkdir(mode=0o700, exist_ok=True)
    with readable():
        java = java_home(places.cache, say)
        prepare_spark(places, java, say)
    return java


def prepare(places: InstancePaths, say: Callable[[str], None]) -> dict[str, str]:
    """Make everything ready; returns the environment in which everything runs, with the log-in of the model registry."""
    return {**environment(places, install(places, say)), **registry_login(places.home)}


def setup_command(arguments: list[str]) -> int:
    """Install what is missing and say what there is."""
    start = time.monotonic()
    places = InstancePaths.from_environment()
    java = install(places, say=lambda text: print(f"    {text}", flush=True))
    took = time.monotonic() - start
    print(f"Ready in {took:.0f} s: Java at {java}, Spark's settings at {places.spark_conf}.")
    return 0
