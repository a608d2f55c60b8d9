"""From a bare Python to the project's own: finds 3.11, 3.12 or 3.13, makes .venv, installs the locks, hands over to `tools`.

Standard library only, and written for any Python 3.8 or newer, because whatever `python3` means on the machine runs it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.environment import InstancePaths
from tools.java import find_java
from tools.locks import alone
from tools.preflight import check_run, check_setup
from tools.problem import Problem, disk_full, network_failed

CHECKOUT = Path(__file__).resolve().parents[1]
VENV = CHECKOUT / ".venv"
PROJECT = CHECKOUT / "pyproject.toml"
LOCK = CHECKOUT / "requirements.txt"
TEST_LOCK = CHECKOUT / "tests" / "requirements.txt"
"""What tests, linters and benchmarks need beside it. An image has no tests/, and so none of it."""

DEVELOPING = ("bench", "faults", "format", "lint", "screenshots", "setup", "test", "test-fast", "test-system")
"""Commands for which that is installed too."""

STOPPING = ("clean", "down", "logs", "status")
"""Commands that fetch and install nothing where they can run already: what runs must be stoppable without a network."""

FETCHED_VERSION = "3.12"
VERSIONS = ("3.12", "3.11", "3.13")
"""What the lock is compiled for, in the order in which they are looked for: first what the image has."""
FREE_BYTES = 4 * 1024**3


def venv_python(venv: Path) -> Path:
    """Return the path of a virtual environment's interpreter."""
    return venv / "bin" / "python"


def version_of(python: str) -> str:
    """Return `3.11` for an interpreter that runs, '' for one that does not (a pyenv shim of a version that is not active)."""
    try:
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        done = subprocess.run([python, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode().strip() if done.returncode == 0 else ""


def candidates(search_path: str, home: Path) -> list[str]:
    """List the interpreters worth asking, in order: the running one, those on the path, those that pyenv and uv keep."""
    interpreters = [sys.executable]
    for version in VERSIONS:
        interpreters.append(shutil.which("python" + version, path=search_path) or "")
    interpreters.append(shutil.which("python3", path=search_path) or "")
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions"
    for folder in (pyenv, home / ".local" / "share" / "uv" / "python"):
        for version in VERSIONS:
            installed = folder.glob("*" + version + ".*/bin/python" + version)
            interpreters.extend(str(path) for path in sorted(installed, reverse=True))
    return [python for python in interpreters if python]


def find_python(options: list[str]) -> str:
    """Return the first interpreter of a version that the lock was compiled for; one that uv fetches when there is none.

    SystemExit with one sentence when there is none, and BASKETRY_PYTHON=system forbids to fetch one or it cannot be had.
    """
    for python in options:
        if version_of(python) in VERSIONS:
            return python
    missing = "Basketry: Python 3.11, 3.12 or 3.13 was not found"
    advice = "install one (apt, brew, pyenv) or name it: make PYTHON=/path/to/python3.12."
    if os.environ.get("BASKETRY_PYTHON") == "system":
        sys.exit(missing + ", and BASKETRY_PYTHON=system forbids to fetch one: " + advice)
    say("No Python 3.11, 3.12 or 3.13 here: uv fetches " + FETCHED_VERSION + " (BASKETRY_PYTHON=system forbids it)")
    fetched = fetch_python(find_uv())
    if version_of(fetched) in VERSIONS:
        return fetched
    sys.exit(missing + " and could not be fetched: " + advice)


def find_uv() -> str:
    """Return the path of uv: that of the machine, else one that is installed into a folder of its own; '' without one."""
    home = Path.home()
    for path in (os.environ.get("PATH", ""), str(home / ".local" / "bin"), str(home / ".cargo" / "bin")):
        uv = shutil.which("uv", path=path)
        if uv:
            return uv
    folder = Path(os.environ.get("BASKETRY_CACHE") or CHECKOUT / ".tools").expanduser() / "uv"
    program = folder / "bin" / "uv"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        wanted = folder / "requirement.txt"
        wanted.write_text(uv_requirement(LOCK.read_text()))
        options = ["--quiet", "--require-hashes", "--no-deps", "--target", str(folder), "-r", str(wanted)]
        subprocess.run([sys.executable, "-m", "pip", "install"] + options, check=False)  # noqa: S603, RUF005
    return str(program) if program.exists() else ""


def fetch_python(uv: str) -> str:
    """Let uv fetch a Python, where it keeps those that it manages; return its path, '' when that failed."""
    if not uv or subprocess.run([uv, "python", "install", FETCHED_VERSION], check=False).returncode != 0:  # noqa: S603
        return ""
    command = [uv, "python", "find", "--managed-python", "--no-project", FETCHED_VERSION]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)  # noqa: S603
    return done.stdout.decode().strip()


def say(text: str) -> None:
    """Print one plain line of progress, at once even into a pipe."""
    print(text, flush=True)


def explain(output: str, has_compiler: bool) -> str:
    """Explain a failed installation in one sentence, from what the installer printed."""
    low = output.lower()
    if disk_full(output):
        return "the disk is full: free some space and run the command again."
    if network_failed(output):
        return "packages could not be fetched: connect to the network (or set the proxy that pip uses), then run again."
    if ("failed to build" in low or "error: command" in low) and not has_compiler:
        return "a package must be compiled and nothing can: apt-get install build-essential, or xcode-select --install."
    if "hash" in low and "mismatch" in low:
        return "a package is not the one that requirements.txt names: clear the cache with uv cache clean, run again."
    return "installing requirements.txt failed: see the lines above."


def run_shown(command: list[str]) -> None:
    """Run an installer with its lines shown indented as they come; SystemExit with one sentence when it fails."""
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=str(CHECKOUT)) as process:  # noqa: S603
        for raw in process.stdout or ():
            line = raw.decode(errors="replace").rstrip()
            lines.append(line)
            if line and not line.lstrip().startswith(("+ ", "- ", "~ ")):
                say("    " + line)
    if process.returncode != 0:
        has_compiler = any(shutil.which(name) for name in ("cc", "gcc", "clang"))
        sys.exit("Basketry: " + explain("\n".join(lines), has_compiler))


def make_venv(python: str, venv: Path) -> None:
    """Make a fresh virtual environment; one whose interpreter is gone or of another version is replaced."""
    say("Making " + venv.name + " with Python " + version_of(python))
    shutil.rmtree(str(venv), ignore_errors=True)
    done = subprocess.run([python, "-m", "venv", str(venv)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # noqa: S603
    if done.returncode != 0:
        text = done.stdout.decode(errors="replace")
        if "ensurepip" in text:
            package = "python" + version_of(python) + "-venv"
            sys.exit("Basketry: this Python cannot make virtual environments: apt-get install " + package + ".")
        say(text)
        sys.exit("Basketry: the virtual environment could not be made: " + explain(text, has_compiler=True))


def uv_requirement(lock: str) -> str:
    """Return the lock's own lines for uv, pinned and hashed: what installs all the rest is held to the same rule."""
    block = []  # type: list[str]
    for line in lock.splitlines():
        if line.startswith("uv==") or (block and line.startswith("    --hash")):
            block.append(line)
        elif block:
            break
    return "\n".join(block) + "\n"


def install_uv(venv: Path) -> None:
    """Install uv inside the virtual environment, so that nothing outside of it is touched."""
    if (venv / "bin" / "uv").exists():
        return
    say("Installing uv")
    python = str(venv_python(venv))
    asked = subprocess.run([python, "-m", "pip", "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # noqa: S603
    if asked.returncode != 0:
        run_shown([python, "-m", "ensurepip", "--default-pip"])
    wanted = venv / "uv-requirement.txt"
    wanted.write_text(uv_requirement(LOCK.read_text()))
    run_shown([python, "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", str(wanted)])


def state_of(file: Path) -> str:
    """Name the state of a file that an environment was filled from."""
    return file.name + " " + hashlib.sha256(file.read_bytes()).hexdigest()


def locks_for(command: str, installed: str) -> list[Path]:
    """List the locks that a command needs; what was installed for another one stays."""
    if not TEST_LOCK.exists():
        return [LOCK]
    tests = command in DEVELOPING or "tests: " in installed
    return [LOCK, TEST_LOCK] if tests else [LOCK]


def installed_locks(venv: Path) -> str:
    """Return the state of the locks that the environment was filled from, '' for one that is not complete."""
    stamp = venv / ".basketry-lock"
    return stamp.read_text() if stamp.exists() else ""


def wanted_locks(venv: Path, command: str) -> str:
    """Return the state of the locks that the command needs."""
    locks = locks_for(command, installed_locks(venv))
    return "".join(("tests: " if lock == TEST_LOCK else "") + state_of(lock) + "\n" for lock in locks)


def install_locks(venv: Path, command: str) -> None:
    """Make the environment equal to the locks that the command needs, unless it already is."""
    locks, wanted = locks_for(command, installed_locks(venv)), wanted_locks(venv, command)
    if installed_locks(venv) == wanted:
        return
    install_uv(venv)
    names = " and ".join(str(lock.relative_to(CHECKOUT)) for lock in locks)
    say("Installing the packages of " + names + " (about 1.5 GB the first time)")
    uv = [str(venv / "bin" / "uv"), "pip", "sync", "--require-hashes", "--python", str(venv_python(venv))]
    run_shown(uv + [str(lock) for lock in locks])
    (venv / ".basketry-library").unlink(missing_ok=True)  # it is no package of a lock, so it is gone
    (venv / ".basketry-lock").write_text(wanted)


def install_library(venv: Path) -> None:
    """Install this checkout itself, so that everything finds its code; an image does it once the code is there."""
    if not PROJECT.exists():
        return
    stamp = venv / ".basketry-library"
    wanted = str(CHECKOUT) + " " + state_of(PROJECT)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    # The build backend is the lock's: nothing is fetched that no hash names.
    uv = [str(venv / "bin" / "uv"), "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    run_shown(uv + ["--python", str(venv_python(venv)), "--editable", str(CHECKOUT)])  # noqa: RUF005
    stamp.write_text(wanted)


def check_machine(command: str) -> None:
    """Check what the command needs beside packages, before they are fetched; SystemExit with one sentence if it is not there."""
    if shutil.disk_usage(str(CHECKOUT)).free < FREE_BYTES:
        sys.exit("Basketry: less than 4 GB are free on this disk: free some space and run the command again.")
    try:
        places = InstancePaths.from_environment()
        check_run(places) if command == "run" else check_setup(places)
    except Problem as problem:
        sys.exit("Basketry: " + str(problem))
    if not (places.cache / "java-home").exists() and find_java(places.cache) is None:
        say("No Java 17 to 23 here: one is fetched after the packages (200 MB)")


def prepare_venv(venv: Path, command: str) -> None:
    """Make the environment what the command needs."""
    runs = version_of(str(venv_python(venv))) in VERSIONS
    if not runs or installed_locks(venv) != wanted_locks(venv, command):
        check_machine(command)
    if not runs:
        make_venv(find_python(candidates(os.environ.get("PATH", ""), Path.home())), venv)
    install_locks(venv, command)
    install_library(venv)


def can_stop(venv: Path, command: str) -> bool:
    """Whether the environment, as it is, can run a command that stops or shows what runs."""
    if command not in STOPPING or not venv_python(venv).exists():
        return False
    check = [str(venv_python(venv)), "-c", "import tools.manage"]
    done = subprocess.run(check, cwd=str(CHECKOUT), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    return done.returncode == 0


def main(arguments: list[str]) -> None:
    """Prepare .venv, then become `python -m tools <arguments>` in it."""
    command = arguments[0] if arguments else ""
    if os.environ.get("LC_ALL") in (
        "C",
        "POSIX",
    ):  # in which Python and Java cannot read a path with letters beyond ASCII
        os.environ["LC_ALL"] = "C.UTF-8"
    try:
        if not can_stop(VENV, command):
            with alone(CHECKOUT / ".venv.lock", say):
                prepare_venv(VENV, command)
    except OSError as error:
        full = disk_full(error)
        sys.exit("Basketry: " + (explain(str(error), True) if full else "setting up failed: " + str(error) + "."))
    except KeyboardInterrupt:
        sys.exit("Basketry: stopped; run the same command again to go on.")
    os.chdir(str(CHECKOUT))
    python = str(venv_python(VENV))
    os.execv(python, [python, "-m", "tools"] + arguments)  # noqa: S606, RUF005


if __name__ == "__main__":
    main(sys.argv[1:])
