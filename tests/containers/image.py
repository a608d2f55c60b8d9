"""The folders of the containers, laid out as the Dockerfile lays out its image, and the user they belong to."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.containers.compose import CHECKOUT, copied, workdir
from tools.environment import InstancePaths
from tools.masks import readable

FOLDERS = {
    "/var/lib/basketry/airflow": "home/airflow",
    "/var/lib/basketry": "home",
    "/var/lib/mlflow": "mlflow",
    "/var/lib/postgresql": "postgres",
    "/opt/basketry-cache": "cache",
    "/opt/basketry": "image",
    "/tmp/spark-work": "spark-work",
}
NOBODY = pwd.getpwnam("nobody")
"""Stands for every image's own user: it is not root, and as in the images it has a name, which initdb and Java ask for."""


@readable()
def lay_out(root: Path) -> None:
    """What the Dockerfile puts into the image, and empty volumes: the same folders, users and rights."""
    outside = {name: root / folder for name, folder in FOLDERS.items()}
    image, cache, shared_cache = (
        outside[workdir()],
        outside["/opt/basketry-cache"],
        InstancePaths.from_environment().cache,
    )
    for source in copied():
        path, target = CHECKOUT / source, image / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(path, target)
    (image / ".venv").symlink_to(CHECKOUT / ".venv")
    cache.mkdir()
    for name in ("jars", "jdk"):
        if (shared_cache / name).exists():
            (cache / name).symlink_to(shared_cache / name)
    _share_archive(image, cache, shared_cache)
    volumes = [outside[name] for name in FOLDERS if name.startswith(("/var/lib", "/tmp"))]
    for folder in (cache, root / "users", *volumes):
        give(folder)


def _share_archive(image: Path, cache: Path, shared_cache: Path) -> None:
    """The class-data archive that `make setup` has made serves here as well: its jars are the same files."""
    code = (
        "import sys; from pathlib import Path; from tools.java import java_home; from tools.spark import archive_name\n"
        "cache = Path(sys.argv[1]); print(archive_name(java_home(cache, print), sorted((cache / 'jars').glob('*.jar'))))"
    )
    python = image / ".venv" / "bin" / "python"
    done = subprocess.run([python, "-c", code, cache], cwd=image, capture_output=True, text=True, check=True)
    (cache / done.stdout.strip()).symlink_to(next(shared_cache.glob("classes-*.jsa")))


def give(folder: Path) -> None:
    """Make the folder, and let it belong to the containers' user with all that is in it."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        for one in (folder, *folder.rglob("*")):
            os.chown(one, NOBODY.pw_uid, NOBODY.pw_gid, follow_symlinks=False)


def new_root() -> Path:
    """A folder in which other users find their way; pytest's own are closed to them."""
    root = Path(tempfile.mkdtemp(prefix="basketry-containers-"))
    root.chmod(0o755)
    return root
