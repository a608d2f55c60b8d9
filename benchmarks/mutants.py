"""Mutants: small wrong changes of contracts and gates. Tests that can fail notice them; here is counted how many.

    python -m benchmarks.mutants [--seed 21] [--count 500] [--limit 60] [--minutes 120] [--module contracts/sql]

cosmic-ray says what could be changed; the seed draws some of it. Left out before the draw is counted: what is no Python,
and what changes annotations only, which nothing evaluates. Each mutant is judged in a copy of the checkout by the unit
tests of its package, without Spark. Survivors are shown as they differ. One that means the same as what it replaces stands
with the reason in equivalent_mutants.yaml; it stays in the first figure and is left out of the second.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.judge import CHECKOUT, CRASHED, KILLED, SURVIVED, TIMED_OUT, Judge, changed, copy_checkout
from benchmarks.mutant_suites import LIBRARY, SUITES

if TYPE_CHECKING:
    from benchmarks.measure import Figure

SEED, COUNT, LIMIT, MINUTES = 21, 500, 60.0, 120.0
GOAL = 0.85
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.yaml")


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A change of one place.

    Attributes:
        suite: The name of the suite that judges it.
        path: The file within the checkout.
        operator: cosmic-ray's name of the change.
        line: The line that is changed.
        code: The whole file with the change.
        gone: The lines that go, without what stands around them.
        come: The lines that come in their place.
    """

    suite: str
    path: str
    operator: str
    line: int
    code: str
    gone: str
    come: str


@dataclass(frozen=True)
class Judged:
    """A mutant, what became of it, and the reason why it means the same, where there is one."""

    mutant: Mutant
    outcome: str
    reason: str = ""

    def story(self) -> str:
        """Describe what was changed, for a person who asks why no test noticed."""
        mutant, same = self.mutant, f"\n  same: {self.reason}" if self.reason else ""
        return f"{mutant.path}:{mutant.line} {mutant.operator}\n  - {mutant.gone}\n  + {mutant.come}{same}"


def difference(before: str, after: str) -> tuple[str, str]:
    """Return the lines that go and those that come, without blanks around them."""
    lines = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[2:].strip()]
    gone, come = ("\n".join(line[2:].strip() for line in lines if line[0] == sign) for sign in "-+")
    return gone, come


def drawn(checkout: Path, seed: int, count: int, module: str = "") -> Iterator[Mutant]:
    """Yield so many mutants in the seed's order, of the files whose path has the module in it."""
    candidates = sorted(_candidates(checkout, module))
    random.Random(seed).shuffle(candidates)  # noqa: S311
    print(f"{len(candidates)} changes are possible", flush=True)
    made = (_mutant(checkout, *candidate) for candidate in candidates)
    yield from islice((mutant for mutant in made if mutant is not None), count)


def _candidates(checkout: Path, module: str) -> Iterator[tuple[str, str, str, int, int]]:
    from cosmic_ray.commands import init
    from cosmic_ray.work_db import WorkDB, use_db

    for name, suite in SUITES.items():
        roots = [checkout / LIBRARY / source for source in suite.sources]
        paths = [path for root in roots for path in ([root] if root.is_file() else sorted(root.rglob("*.py")))]
        with use_db(str(checkout.parent / f"{name}.sqlite"), WorkDB.Mode.create) as database:
            init([path for path in paths if module in path.as_posix()], database, {})
            for item in database.work_items:
                (change,) = item.mutations
                path = Path(change.module_path).relative_to(checkout).as_posix()
                yield name, path, change.operator_name, change.occurrence, change.start_pos[0]


def _mutant(checkout: Path, suite: str, path: str, operator: str, occurrence: int, line: int) -> Mutant | None:
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    before = (checkout / path).read_text(encoding="utf-8")
    try:
        code = mutate_code(before, get_operator(operator)(), occurrence)
        if code is None or what_runs(code) == what_runs(before):
            return None
    except (
        SyntaxError,
        AttributeError,
    ):  # the latter: cosmic-ray 8.7 stumbles over an exception's name with a dot in it
        return None
    gone, come = difference(before, code)
    name = operator.removeprefix("core/")
    return Mutant(suite=suite, path=path, operator=name, line=line, code=code, gone=gone, come=come)


def what_runs(code: str) -> str:
    """Return the syntax tree as text, without annotations: they are not evaluated, since every module asks for that."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        for field in ("annotation", "returns"):
            if getattr(node, field, None) is not None:
                setattr(node, field, ast.Constant(None))
    return ast.dump(tree)


def equivalents(checkout: Path) -> dict[tuple[str, str, str], str]:
    """Return the reasons by path, lines that go and lines that come; print which lines their files no longer have."""
    import yaml

    reasons: dict[tuple[str, str, str], str] = {}
    for entry in yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8")) or ():
        path, gone, come = entry["path"], entry["gone"].strip(), entry["come"].strip()
        file = checkout / path
        lines = {line.strip() for line in file.read_text(encoding="utf-8").splitlines()} if file.is_file() else set()
        if not set(gone.split("\n")) <= lines:
            print(f"{EQUIVALENT.name}: {path} has no line '{gone}' any more", flush=True)
        reasons[path, gone, come] = entry["reason"]
    return reasons


def judged(folder: Path, seed: int, count: int, limit: float, minutes: float, module: str = "") -> Iterator[Judged]:
    """Yield each drawn mutant with what became of it, as long as the time lasts."""
    end = time.monotonic() + minutes * 60
    checkout = copy_checkout(folder)
    reasons = equivalents(checkout)
    mutants = list(drawn(checkout, seed, count, module))
    judge = Judge(checkout, limit)
    changing = [f"{LIBRARY}/{source}" for suite in SUITES.values() for source in suite.sources]
    for name, suite in SUITES.items():
        seconds = judge.warm_up(suite.tests, changing)
        with changed(_first_file(checkout / LIBRARY / suite.sources[0]), "raise ImportError"):
            if judge.outcome(suite.tests) == SURVIVED:
                raise RuntimeError(f"the tests of {name} pass without {name}.")
        print(f"{name}: {seconds:.1f} s for a mutant that survives", flush=True)
    for mutant in mutants:
        if time.monotonic() > end:
            return
        with changed(checkout / mutant.path, mutant.code):
            suite = SUITES[mutant.suite]
            outcome = judge.outcome(suite.tests, first=suite.first_of(mutant.path))
        yield Judged(mutant, outcome, reasons.get((mutant.path, mutant.gone, mutant.come), ""))


def _first_file(source: Path) -> Path:
    return source / "__init__.py" if source.is_dir() else source


def summary(results: Sequence[Judged], seconds: float) -> str:
    """Return the figures, then the survivors by file and by kind of change."""
    outcomes = Counter(result.outcome for result in results)
    alive = [result for result in results if result.outcome == SURVIVED]
    same = sum(bool(result.reason) for result in alive)
    noticed = len(results) - len(alive)
    lines = [
        f"{len(results)} mutants in {seconds / 60:.1f} minutes: "
        + ", ".join(f"{outcomes[outcome]} {outcome}" for outcome in (KILLED, CRASHED, TIMED_OUT, SURVIVED)),
        f"noticed: {noticed / max(1, len(results)):.1%} of all; "
        f"{noticed / max(1, len(results) - same):.1%} without {same} survivors that mean the same",
    ]
    files = Counter(result.mutant.path.removeprefix(f"{LIBRARY}/") for result in alive)
    kinds = Counter(result.mutant.operator.split("_")[0] for result in alive)
    lines += [f"survivors: {', '.join(f'{name} {number}' for name, number in files.most_common())}"] if alive else []
    lines += [f"by kind: {', '.join(f'{name} {number}' for name, number in kinds.most_common())}"] if alive else []
    return "\n".join(lines)


def mutants(folder: Path) -> list[Figure]:
    """Measure the share of mutants that no unit test notices, in a process that has imported nothing of the library."""
    from benchmarks.measure import Figure

    figures = folder / "figures.json"
    subprocess.run([sys.executable, "-m", "benchmarks.mutants", f"--figures={figures}"], cwd=CHECKOUT, check=True)  # noqa: S603
    run = json.loads(figures.read_text())
    what = f"mutants of contracts and gates that no unit test notices / {run['drawn']} drawn by seed {run['seed']}"
    measured = f"{run['survived']} in {run['minutes']:.0f} minutes"
    note = f"{run['same']} of them mean the same as what they replace"
    return [Figure(what, measured, run["survived"] / run["drawn"], round(1 - GOAL, 2), note)]


def main(arguments: Sequence[str]) -> int:
    """Print the survivors as they come and the figures at the end; 1 when fewer are noticed than the goal.

    With --figures the one who asked for them judges.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=SEED, help="draws the mutants")
    parser.add_argument("--count", type=int, default=COUNT, help="how many are drawn")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds for the tests of a mutant")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="after which no further mutant is judged")
    parser.add_argument("--module", default="", help="only files whose path has this in it")
    parser.add_argument("--figures", type=Path, help="a file for the figures, as JSON")
    asked = parser.parse_args(arguments)
    start, results = time.monotonic(), list[Judged]()
    with tempfile.TemporaryDirectory(prefix="basketry-mutants-") as folder:
        for result in judged(Path(folder).resolve(), asked.seed, asked.count, asked.limit, asked.minutes, asked.module):
            results.append(result)
            if result.outcome == SURVIVED:
                print(f"[{len(results)}] {result.story()}", flush=True)
            if len(results) % 50 == 0:
                print(f"{len(results)} judged", flush=True)
    seconds = time.monotonic() - start
    print(summary(results, seconds))
    alive = [result for result in results if result.outcome == SURVIVED]
    if asked.figures:
        same = sum(bool(result.reason) for result in alive)
        numbers = {
            "drawn": len(results),
            "survived": len(alive),
            "same": same,
            "minutes": seconds / 60,
            "seed": asked.seed,
        }
        asked.figures.write_text(json.dumps(numbers))
        return 0
    return int(not results or 1 - len(alive) / len(results) < GOAL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
