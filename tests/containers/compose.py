"""docker-compose.yaml as Docker Compose itself reads it (`docker-compose config` needs no engine), and the Dockerfile."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
FILE = CHECKOUT / "docker-compose.yaml"
EXAMPLE = CHECKOUT / ".env.example"
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text()
PROGRAM = Path(sys.executable).parent / "docker-compose"
SECRETS = {
    "BASKETRY_DB_PASSWORD": "pa55word",
    "BASKETRY_API_SECRET": "api" * 12,
    "BASKETRY_JWT_SECRET": "jwt" * 12,
    "BASKETRY_MLFLOW_PASSWORD": "m1f10w" * 4,
    "BASKETRY_REDIS_PASSWORD": "red15" * 4,
    "BASKETRY_SPARK_SECRET": "5park" * 4,
}

Service = dict[str, Any]


def compose(*arguments: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Docker Compose with .env.example and these variables, and nothing of this shell's."""
    command = [str(PROGRAM), "--file", str(FILE), "--env-file", str(EXAMPLE), *arguments]
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **variables}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def services(variables: Mapping[str, str] = SECRETS) -> dict[str, Service]:
    """Every service, with anchors and variables resolved."""
    return dict(configuration(variables)["services"])


def configuration(variables: Mapping[str, str] = SECRETS) -> dict[str, Any]:
    """The whole file, resolved; `$$` is a dollar again, as a container sees it."""
    done = compose("config", "--format", "json", variables=variables)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.replace("$$", "$")))


def variables() -> dict[str, Any]:
    """Every variable of the file: its default, and whether it is required."""
    done = compose("config", "--variables", "--format", "json", variables=SECRETS)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def example() -> dict[str, str]:
    """What .env.example sets."""
    lines = [line for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


@cache
def instructions() -> tuple[tuple[str, str], ...]:
    """The Dockerfile's (instruction, rest) in order, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.M))
    return tuple((line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in text.splitlines() if line)


def image_environment() -> dict[str, str]:
    """What the Dockerfile's ENV says."""
    return dict(re.findall(r"(\w+)=(\S+)", " ".join(rest for word, rest in instructions() if word == "ENV")))


def workdir() -> str:
    """The Dockerfile's WORKDIR."""
    return next(rest for word, rest in instructions() if word == "WORKDIR")


def entrypoint() -> list[str]:
    """The Dockerfile's ENTRYPOINT."""
    return list(json.loads(next(rest for word, rest in instructions() if word == "ENTRYPOINT")))


def copied() -> list[str]:
    """What COPY takes from the repository."""
    return [source for word, rest in instructions() if word == "COPY" for source in rest.split()[:-1]]


def packages() -> set[str]:
    """Debian packages that the image adds."""
    found = re.findall(r"apt-get install ([^&]*)", DOCKERFILE.replace("\\\n", " "))
    return {word for line in found for word in line.split() if not word.startswith("--")}
