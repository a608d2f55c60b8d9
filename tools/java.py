"""Finds a Java that Spark 4.1 runs on, or installs one for this project only."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.problem import Problem, disk_full

OLDEST, NEWEST = 17, 23
"""Spark 4.1 needs 17; from 24 on Java lacks the security manager that Hadoop 3.4 still asks for."""
INSTALLED = "17"
NEEDED_MODULE = "jdk.incubator.vector"


def java_version(java: Path) -> int:
    """Return the major version of a java program, 0 when it does not run (macOS has a /usr/bin/java that only explains itself)."""
    match = re.search(r'version "(?:1\.)?(\d+)', _output(java, "-version"))
    return int(match[1]) if match else 0


def suits(home: Path) -> bool:
    """Whether a JAVA_HOME has a Java of the right age with all modules (small runtimes lack the vector module)."""
    java = home / "bin" / "java"
    right_age = java.is_file() and OLDEST <= java_version(java) <= NEWEST
    return right_age and NEEDED_MODULE in _output(java, "--list-modules")


def _output(program: Path, *arguments: str) -> str:
    try:
        done = subprocess.run([str(program), *arguments], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr if done.returncode == 0 else ""


def homes(cache: Path) -> Iterator[Path]:
    """Yield the Java homes worth asking, in order: JAVA_HOME, the path's, the system's usual places, the project's own."""
    if os.environ.get("JAVA_HOME"):
        yield Path(os.environ["JAVA_HOME"])
    on_path = shutil.which("java")
    if on_path:
        yield Path(on_path).resolve().parents[1]
    if sys.platform == "darwin":
        for version in ("17", "21"):
            yield Path(_output(Path("/usr/libexec/java_home"), "-v", version).strip() or "/nowhere")
    yield from sorted(Path("/usr/lib/jvm").glob("*"))
    for folder in sorted((cache / "jdk").glob("*")):
        yield folder / "Contents" / "Home" if sys.platform == "darwin" else folder


def find_java(cache: Path) -> Path | None:
    """Return the first home that suits, None when there is none."""
    return next((home for home in homes(cache) if suits(home)), None)


def install_java(cache: Path) -> Path:
    """Fetch a JDK into the cache.

    Raises:
        Problem: That is not possible.
    """
    import jdk  # type: ignore[import-untyped]

    (cache / "jdk").mkdir(parents=True, exist_ok=True)
    try:
        jdk.install(INSTALLED, path=str(cache / "jdk"))
    except Exception as error:
        if disk_full(str(error)):
            raise OSError(28, "No space left on device") from error
        advice = (
            "connect to the network or install one (apt-get install openjdk-17-jdk-headless, brew install openjdk@17)"
        )
        raise Problem(f"no JDK {OLDEST} to {NEWEST} was found and none could be fetched ({error}): {advice}.") from None
    home = find_java(cache)
    if home is None:
        raise Problem(
            f"the JDK that was fetched does not run: delete {cache / 'jdk'} and set JAVA_HOME to JDK 17 or 21."
        )
    return home


def java_home(cache: Path, say: Callable[[str], None]) -> Path:
    """Return the Java to use; it is stored in the cache, so that later starts search no more."""
    cache_file = cache / "java-home"
    setting = os.environ.get("JAVA_HOME", "")
    if cache_file.exists():
        cached_home, _, cached_setting = cache_file.read_text().partition("\n")
        if cached_setting == setting and (Path(cached_home) / "bin" / "java").is_file():
            return Path(cached_home)
    home = find_java(cache)
    if home is None:
        say("no suitable Java found, fetching one (200 MB)")
        home = install_java(cache)
    cache.mkdir(parents=True, exist_ok=True)
    cache_file.write_text(f"{home}\n{setting}")
    return home
