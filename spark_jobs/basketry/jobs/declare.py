"""What a declared job is: its name, its arguments, what it does, and what only one run at a time may work on.

From a declaration follow the command line (`command_line`), the tasks of DAGs, fields of forms, restatement and the list of jobs.
What a job does is a name here, looked up when it runs: whoever schedules reads the arguments without loading Spark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import date
from typing import Annotated, Any, Generic, ParamSpec, TypeVar, get_args, get_origin, get_type_hints

from basketry.tables import Table


@dataclass(frozen=True, kw_only=True)
class Argument:
    """What a field of a job's arguments is beside its name, its type and its default; the annotation of the field.

    Attributes:
        help: What it means, for --help.
        title: What a form calls it.
        description: What a form says of it; by default `help` as a sentence.
        limits: What a form lets in, as keywords of JSON Schema. The job checks what it is given itself.
        parse: Makes the value from the command line's text, where its type does not say how; may raise a BadInputError.
        choices: The only values that the command line takes.
        metavar: What --help shows in place of the value.
        one_of: Of arguments with the same word, the command line takes one.
    """

    help: str
    title: str = ""
    description: str = ""
    limits: Mapping[str, object] = field(default_factory=dict)
    parse: Callable[[str], object] | None = None
    choices: tuple[str, ...] = ()
    metavar: str | None = None
    one_of: str = ""


@dataclass(frozen=True, kw_only=True)
class JobArguments:
    """The arguments that every job has; further ones are fields of a class of its own."""

    catalog: Annotated[str, Argument(help="the retailer, e.g. demo", title="Catalog")]
    run_id: Annotated[str, Argument(help="names this run in ops.job_runs; a repeated id replaces its line")] = "manual"
    dry_run: Annotated[bool, Argument(help="do everything but write", title="Dry run")] = False
    edition: Annotated[
        str | None, Argument(help="of the DAG that starts this run; a library of another edition refuses")
    ] = None
    settings: Annotated[
        str | None, Argument(help="BASKETRY_ variables of whoever starts this run, as JSON; secrets by reference")
    ] = None
    unity_names: Annotated[
        str | None,
        Argument(
            help="where the retailer lies in Unity Catalog, as its target says; by default in a catalog of its name"
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class DatedArguments(JobArguments):
    """The arguments of a job that looks at nothing after a day."""

    as_of: Annotated[date, Argument(help="last complete business day to look at, YYYY-MM-DD", title="As-of date")]


P = ParamSpec("P")
A = TypeVar("A", bound=JobArguments)


@dataclass(frozen=True, kw_only=True)
class StoredResult:
    """What a job makes of a day and leaves in a table: a late row has it made again, by the model's version that made it.

    Attributes:
        table: Where the rows are.
        inputs: Where what the job reads is declared, as module:name; without, every row that satisfies `where` is to be
            made again.
        built_on: The job on whose rows of the same as_of it is built.
        days_ahead: SQL expression: rows with an as_of are made by the run as of so many days later.
        where: SQL condition on the rows of the table.
    """

    table: Table
    inputs: str = ""
    built_on: str = ""
    days_ahead: str = "0"
    where: str = "true"


@dataclass(frozen=True, kw_only=True)
class Job(Generic[P, A]):
    """A job.

    Attributes:
        name: The job's name: of its script in spark_jobs/, of its task, and in ops.job_runs.
        description: What it does, in a sentence for --help.
        arguments: Makes its arguments: a frozen dataclass, see `JobArguments`.
        entry: What it does, as module:name of a function of a lakehouse and the arguments that returns a report.
        needs: What the entry is handed beside them, as module:name by parameter: functions of other domains, which must
            not know one another.
        locks: What only one run at a time may work on, with arguments in braces, see `work`.
        result: What it leaves behind that is made again when rows come late, if anything.
        libraries: Packages that it imports beside those of every job, see `basketry.jobs.libraries`.
        reads: Variables of Basketry's that it reads beside those of every job; a DAG hands them over to a workspace.
        needs_spark: Whether its entry is handed a lakehouse; without Spark, the tables for a few rows.
    """

    name: str
    description: str
    arguments: Callable[P, A]
    entry: str
    needs: Mapping[str, str] = field(default_factory=dict)
    locks: tuple[str, ...] = ()
    result: StoredResult | None = None
    libraries: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    needs_spark: bool = True

    @property
    def is_dated(self) -> bool:
        """Whether the job looks at nothing after a day."""
        return "as_of" in argument_fields(self)

    @property
    def work(self) -> tuple[str, ...]:
        """What only one run at a time may work on.

        By default all runs of the job exclude each other, those of a dated job only when they are of the same as-of date.
        """
        return self.locks or (f"{self.name} {{as_of}}" if self.is_dated else self.name,)


@dataclass(frozen=True, kw_only=True)
class ArgumentField:
    """A declared argument with all that follows from it.

    Attributes:
        name: The name of the field; the option's has dashes.
        kind: The type of its value, without None.
        is_optional: Whether its value may be None.
        is_required: Whether it has no default.
        default: The default, None without one.
        about: What else is said of it.
    """

    name: str
    kind: Any
    is_optional: bool
    is_required: bool
    default: Any
    about: Argument

    @property
    def option(self) -> str:
        """The option of the command line."""
        return f"--{self.name.replace('_', '-')}"


def argument_fields(job: Job[..., Any]) -> dict[str, ArgumentField]:
    """Return a job's arguments by name, those that every job has first."""
    arguments: Any = job.arguments
    hints = get_type_hints(arguments, include_extras=True)
    described = {}
    for declared in fields(arguments):
        kind, about = get_args(hints[declared.name])
        options = () if get_origin(kind) is tuple else get_args(kind)
        described[declared.name] = ArgumentField(
            name=declared.name,
            kind=options[0] if options else kind,
            is_optional=type(None) in options,
            is_required=declared.default is MISSING,
            default=None if declared.default is MISSING else declared.default,
            about=about,
        )
    return described
