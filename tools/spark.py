"""Spark made ready once: Delta's jars, the settings, and the class-data archive that halves a start."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tools.artifacts import check_artifacts
from tools.engine import SECRET_SETTING, Engine
from tools.environment import CHECKOUT, InstancePaths, environment, spark_home
from tools.problem import Problem, disk_full, network_failed

DELTA = "io.delta:delta-spark_4.1_2.13:4.3.1"
KAFKA = "org.apache.spark:spark-sql-kafka-0-10_2.13:4.1.1"
KAFKA_TOKENS = "org.apache.spark:spark-token-provider-kafka-0-10_2.13:4.0.0"
"""An older one serves as well: what the connector uses of it has not changed since."""
NOT_IN_PYSPARK = ("org.apache.spark_", "org.apache.kafka_kafka-clients", "org.apache.commons_commons-pool2")
"""How the names of the jars begin that Kafka's connector needs and pyspark does not bring along."""
JVM = "-XX:ReservedCodeCacheSize=256m -XX:-DontCompileHugeMethods -XX:+UseSerialGC"
"""One collector thread leaves the cores to the tasks.

The first compiler alone is given 48 MB for its code, which a job of many queries fills: then it dies of "Out of space in
CodeCache". 256 MB are what both compilers get; only what is used of them is taken.
"""
FIRST_COMPILER = "-XX:TieredStopAtLevel=1"
"""For jobs that end before the second compiler pays: of 0.37 million order lines it costs a quarter more CPU seconds and
saves no time, of 3.7 million it saves a quarter (docs/performance.md, jvm)."""
LARGE_BYTES = 25 * 1024**2
"""Order lines of so many bytes, about a million of them, are worth the second compiler."""
WARM_UP = CHECKOUT / "tools" / "warm_up.py"
QUIET = "-Xlog:disable -Xlog:all=error:stderr"
KNOWN_WARNINGS = (
    "Block [^ ]+ already exists on this machine; not re-adding it",
    "spark.sql.adaptive.enabled is not supported in streaming .*",
)
"""Lines of Spark that mean nothing here, each as a whole; without a backslash, which a file of properties would take away."""
LOGGING = """\
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex
appender.console.filter.known.type = RegexFilter
appender.console.filter.known.onMatch = DENY
appender.console.filter.known.onMismatch = NEUTRAL
logger.plans.name = org.apache.spark.util.SparkStringUtils
logger.plans.level = error
logger.checkpoints.name = org.apache.spark.rdd.MapPartitionsRDD
logger.checkpoints.level = error
logger.native.name = org.apache.hadoop.util.NativeCodeLoader
logger.native.level = error
appender.console.filter.known.regex = """ + "|".join(KNOWN_WARNINGS)
"""An appender has room for one filter."""


def pyspark_jars() -> Path:
    """Return the folder of the jars that come with pyspark."""
    return spark_home() / "jars"


def settings(
    places: InstancePaths,
    jars: list[Path],
    java_options: str,
    beyond: Sequence[Path] = (),
    engine: Engine | None = None,
) -> dict[str, str]:
    """Return every launch setting of Spark.

    The jars go on the class path by name, Delta's first and then pyspark's own: classes in a class-data archive must
    not come after a folder, and the configuration folder is what spark-submit puts there next.

    Args:
        places: Where Spark's warehouse folder is.
        jars: The jars of the class-data archive.
        java_options: Options of every JVM.
        beyond: Jars that the class-data archive knows nothing of.
        engine: Default the one that the environment names.
    """
    engine = engine or Engine.from_environment()
    return {
        **engine.settings(java_options, class_path(jars, beyond)),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(max(2, engine.cores)),
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.sql.warehouse.dir": str(places.cache / "warehouse"),
        "spark.hadoop.fs.permissions.umask-mode": "077",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


def class_path(jars: Sequence[Path], beyond: Sequence[Path] = ()) -> str:
    """Return the class path: the jars of the archive in its order, then what is beyond it."""
    return os.pathsep.join([*map(str, jars), f"{pyspark_jars()}/*", *map(str, beyond)])


def render(values: Mapping[str, str]) -> str:
    """Write settings as spark-defaults.conf has them: one line per setting."""
    return "".join(f"{name} {value}\n" for name, value in values.items())


def delta_jars(places: InstancePaths, java: Path, say: Callable[[str], None]) -> list[Path]:
    """Return Delta's jars, fetched once by Spark's own resolver; what they need beyond themselves comes with pyspark."""
    folder = places.cache / "jars"
    version = DELTA.rsplit(":", 1)[1]
    if not (folder / f".complete-{version}").exists():
        say("fetching Delta's jars")
        fetched = fetch_jars(places, java, places.cache / "ivy", DELTA)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for jar in fetched:
            if jar.name.startswith("io.delta_"):
                shutil.copy2(jar, folder / jar.name)
        (folder / f".complete-{version}").touch()
    jars = sorted(folder.glob("*.jar"))
    check_artifacts("delta", jars)
    return jars


def kafka_jars(places: InstancePaths, java: Path, say: Callable[[str], None]) -> list[Path]:
    """Return the jars with which Spark reads Kafka, fetched once."""
    folder = places.cache / "ivy-kafka-connector"
    if not (folder / ".complete").exists():
        say("fetching Kafka's connector")
        fetch_jars(places, java, folder, KAFKA, without=KAFKA_TOKENS.rpartition(":")[0])
        fetch_jars(places, java, folder, KAFKA_TOKENS, without="org.apache.kafka:kafka-clients")  # the connector's own
        (folder / ".complete").touch()
    jars = sorted(jar for jar in (folder / "jars").glob("*.jar") if jar.name.startswith(NOT_IN_PYSPARK))
    check_artifacts("kafka", jars)
    return jars


def fetch_jars(places: InstancePaths, java: Path, folder: Path, package: str, without: str = "") -> list[Path]:
    """Fetch a Maven package and all it needs into a folder, by Spark's own resolver; returns all jars there, sorted.

    Args:
        places: Where Spark's settings are.
        java: The JAVA_HOME to use.
        folder: Where the jars go.
        package: Group, name and version.
        without: Group and name of a package that it shall not bring along.
    """
    # The stock configuration: ours names jars that are not there yet.
    env = {**environment(places, java), "SPARK_CONF_DIR": str(places.cache / "no-conf")}
    options = ["--master", "local[1]", "--packages", package, "--conf", f"spark.jars.ivy={folder}"]
    options += ["--exclude-packages", without] if without else []
    done = _submit([*options, str(CHECKOUT / "tools" / "nothing.py")], env)
    if done.returncode == 0:
        return sorted((folder / "jars").glob("*.jar"))
    if disk_full(done.stdout):
        raise OSError(28, "No space left on device")
    if network_failed(done.stdout) or "unresolved dependenc" in done.stdout.lower():
        raise Problem(f"{package} could not be fetched: connect to the network for this one step, then run again.")
    raise Problem(f"Spark could not start: {_last_error(done.stdout)}")


def _submit(arguments: list[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    program = str(CHECKOUT / ".venv" / "bin" / "spark-submit")
    command = [program, *arguments]
    pipe = subprocess.PIPE
    return subprocess.run(command, env=dict(env), stdout=pipe, stderr=subprocess.STDOUT, text=True, errors="replace")  # noqa: S603


def _last_error(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower() or "exception" in line.lower()]
    return (telling or lines or ["it said nothing"])[-1][:300]


def jvm_options(home: Path) -> str:
    """Return the options of the JVM by how much there is to compute: with the first compiler alone, or with both."""
    tables = home.glob("lake/*/silver/order_lines")
    largest = max((sum(file.stat().st_size for file in table.rglob("*.parquet")) for table in tables), default=0)
    return JVM if largest > LARGE_BYTES else f"{FIRST_COMPILER} {JVM}"


def archive_name(java: Path, jars: list[Path]) -> str:
    """Name the class-data archive of this Java and exactly these jars: any other set makes another archive."""
    facts = [(java / "release").read_text() if (java / "release").is_file() else str(java), JVM, WARM_UP.read_text()]
    for jar in [*jars, *sorted(pyspark_jars().glob("*.jar"))]:
        stat = jar.stat()
        facts.append(f"{jar} {stat.st_size} {int(stat.st_mtime)}")
    return f"classes-{hashlib.sha256(chr(10).join(facts).encode()).hexdigest()[:16]}.jsa"


def class_archive(places: InstancePaths, java: Path, jars: list[Path], say: Callable[[str], None]) -> Path | None:
    """Return the archive of loaded classes, made by one small Delta job; None when this Java cannot make one."""
    archive = places.cache / archive_name(java, jars)
    if not archive.exists():
        say("making the class-data archive (once, under a minute)")
        for stale in places.cache.glob("classes-*"):
            stale.unlink()
        _make_archive(places, java, jars, archive)
    return archive if archive.stat().st_size else None


def _make_archive(places: InstancePaths, java: Path, jars: list[Path], archive: Path) -> None:
    part = archive.with_suffix(".part")
    conf = places.cache / "archive-conf"
    here = Engine.from_environment({})
    write_conf(
        conf,
        settings(places, jars, f"{FIRST_COMPILER} {JVM} {QUIET} {_option('ArchiveClassesAtExit', part)}", engine=here),
    )
    env = {**environment(places, java), "SPARK_CONF_DIR": str(conf)}
    done = _submit([str(WARM_UP)], env)
    if disk_full(done.stdout):
        raise OSError(28, "No space left on device")
    if "warm" not in done.stdout:
        raise Problem(f"a small Delta job failed, so no other would work: {_last_error(done.stdout)}")
    if not part.exists():  # works without, only slower
        part.touch()
    part.replace(archive)


def _option(name: str, file: Path) -> str:
    """Return an option of the JVM that names a file; in quotes, because Spark takes the options apart at blanks."""
    return f'"-XX:{name}={file}"' if " " in str(file) else f"-XX:{name}={file}"


def write_conf(folder: Path, values: Mapping[str, str]) -> None:
    """Write a Spark configuration folder, touching only what changed (a running job may be reading it)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("spark-defaults.conf", render(values)), ("log4j2.properties", LOGGING)):
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            part = folder / f".{name}.{os.getpid()}"
            part.touch(mode=0o600 if SECRET_SETTING in values else 0o644)
            part.write_text(text, encoding="utf-8")
            part.replace(path)


def prepare_spark(places: InstancePaths, java: Path, say: Callable[[str], None]) -> None:
    """Put everything that spark-submit needs into the cache; nothing is done twice, nor by two at once."""
    places.cache.mkdir(parents=True, exist_ok=True)
    with (places.cache / "setup.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        jars = delta_jars(places, java, say)
        archive = class_archive(places, java, jars, say)
        shared = f" {_option('SharedArchiveFile', archive)}" if archive else ""
        kafka = kafka_jars(places, java, say) if os.environ.get("BASKETRY_OFFER_EVENTS") else ()
        options = f"{jvm_options(places.home)} {QUIET}{shared}"
        write_conf(places.spark_conf, settings(places, jars, options, kafka))
