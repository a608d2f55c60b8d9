"""Finds a Java that Spark 4.1 runs on, or installs one for this project only."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from tools.artifacts import check_file, checksums
from tools.problem import Problem, disk_full

OLDEST, NEWEST = 17, 23
"""Spark 4.1 needs 17; from 24 on Java lacks the security manager that Hadoop 3.4 still asks for."""
INSTALLED = "17.0.18+8"
"""What is fetched where there is none; tools/artifacts.json has the checksum of its archive for each system."""
ADDRESS = "https://github.com/adoptium/temurin17-binaries/releases/download"
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


def archive_name() -> str:
    """Return the name of the JDK's archive for this system; '' where there is none."""
    system = {"linux": "linux", "darwin": "mac"}.get(sys.platform, "")
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "aarch64", "arm64": "aarch64"}.get(
        platform.machine().lower()
    )
    name = f"OpenJDK17U-jdk_{machine}_{system}_hotspot_{INSTALLED.replace('+', '_')}.tar.gz"
    return name if name in checksums("jdk") else ""


def install_java(cache: Path) -> Path:
    """Fetch a JDK into the cache; it is unpacked once its checksum is that of the lock.

    Raises:
        Problem: That is not possible.
    """
    name, folder = archive_name(), cache / "jdk"
    advice = "connect to the network or install one (apt-get install openjdk-17-jdk-headless, brew install openjdk@17)"
    if not name:
        raise Problem(f"no JDK {OLDEST} to {NEWEST} was found and there is none for this system: {advice}.")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetched-") as private:
        archive = Path(private) / name
        try:
            _fetch(f"{ADDRESS}/jdk-{quote(INSTALLED)}/{name}", archive)
        except OSError as error:
            if disk_full(error):
                raise
            raise Problem(
                f"no JDK {OLDEST} to {NEWEST} was found and none could be fetched ({error}): {advice}."
            ) from None
        check_file(archive, checksums("jdk")[name])
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
    home = find_java(cache)
    if home is None:
        raise Problem(
            f"the JDK that was fetched does not run: delete {cache / 'jdk'} and set JAVA_HOME to JDK 17 or 21."
        )
    return home


def _fetch(address: str, target: Path) -> None:
    with urllib.request.urlopen(address, timeout=60) as answer, target.open("wb") as file:  # noqa: S310 a constant's https
        shutil.copyfileobj(answer, file)


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
