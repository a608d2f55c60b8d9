"""The model card: what a person should know before letting a model score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from basketry.domains.propensity.dates import HORIZON, Dates
from basketry.domains.propensity.model import STRUCTURES, Trained
from basketry.domains.propensity.results import AUDIENCES, CHAMPION, Results
from basketry.learning.confidence import CALIBRATION
from basketry.learning.evaluation import METRICS, Interval

_SHORT = {"roc_auc": "ROC AUC", "expected_calibration_error": "ECE", "lift_top_decile": "lift in top tenth"}


@dataclass(frozen=True)
class Subject:
    """What a card is about. rival: what is said about the champion; notes: what training left out, a line each."""

    catalog: str
    as_of: date
    dates: Dates
    trained: Trained
    results: Results
    importance: pd.DataFrame
    rival: str
    notes: Sequence[str]


def model_card(subject: Subject) -> str:
    """The card as Markdown, without a single customer in it."""
    parts = (_head(subject), _choice(subject.trained), _quality(subject), _categories(subject), _rest(subject))
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(subject: Subject) -> Iterator[str]:
    dates, rows = subject.dates, subject.results.rows
    yield f"# Propensity of {subject.catalog}, as of {subject.as_of}"
    yield ""
    yield f"The probability that a customer buys from a category within {HORIZON} days, for every known customer."
    yield ""
    yield f"- Trained on as-of dates {', '.join(map(str, dates.train))}; each with the purchases of the {HORIZON} days after."
    yield f"- Chosen and calibrated on {dates.validation}, then fitted once more with that date."
    yield f"- Tested on {dates.test}, which chose nothing."
    yield f"- Test: {len(rows):,} customers x categories, {int(subject.results.observed.sum()):,} of them bought."
    yield f"- {subject.rival}"
    yield from (f"- {note[0].upper()}{note[1:]}." for note in subject.notes)
    yield ""


def _choice(trained: Trained) -> Iterator[str]:
    pooled, apart = (trained.best(structure) for structure in STRUCTURES)
    better = "one model for all categories" if trained.chosen.structure == "pooled" else "one model for each category"
    yield "## What was chosen"
    yield ""
    yield (
        f"{trained.chosen.family}, {better}: on the validation date mean average precision was {pooled.score:.4f} pooled and"
        f" {apart.score:.4f} apart. Calibrated by {trained.calibration} on that date."
    )
    yield ""
    header = ("candidate", "structure", "seconds", "average precision", "log loss")
    yield from _table(
        header,
        [
            (one.family, one.structure, f"{one.seconds:.1f}", f"{one.score:.4f}", f"{one.measures['log_loss']:.4f}")
            for one in trained.candidates
        ],
    )


def _quality(subject: Subject) -> Iterator[str]:
    results = subject.results
    lines = {"challenger": results.mean(results.predicted)}
    lines |= {name: results.mean(predicted) for name, predicted in results.rivals.items()}
    lines |= {f"challenger, {name}": results.mean(results.predicted, results.audience(name)) for name in AUDIENCES}
    yield "## How good it is on the test date"
    yield ""
    yield "Mean over the categories. Repeat: customers who bought the category before; explore: who did not."
    yield ""
    yield from _measures_table("model", lines)
    error, chance, excess = (
        results.confidence.own[CALIBRATION],
        results.confidence.calibrated,
        results.confidence.excess,
    )
    yield (
        f"The calibration error (ECE) of {error.mean:.4f} is not all the model's: with these predictions a perfectly"
        f" calibrated model would show {chance.mean:.4f} on these rows ({chance.low:.4f} to {chance.high:.4f}). What is"
        f" beyond, with its 95 % interval: {' '.join(_told(excess))}."
    )
    yield ""
    yield "Average precision of the challenger less that of its rival, 95 % interval over customers:"
    yield ""
    rows = [(name, *_told(one.overall["average_precision"])) for name, one in results.comparisons.items()]
    yield from _table(("rival", "difference", "from", "to"), rows)


def _categories(subject: Subject) -> Iterator[str]:
    yield "## Each category"
    yield ""
    yield from _measures_table("category", subject.results.by_category(subject.results.predicted))
    comparison = subject.results.comparisons.get(CHAMPION)
    if comparison:
        yield "Average precision less the champion's:"
        yield ""
        rows = [(name, *_told(one["average_precision"])) for name, one in comparison.by_group.items()]
        yield from _table(("category", "difference", "from", "to"), rows)


def _rest(subject: Subject) -> Iterator[str]:
    yield "## What it looks at"
    yield ""
    yield "Mean average precision lost when an input is shuffled among the test rows:"
    yield ""
    top = subject.importance.head(10).itertuples(index=False)
    yield from _table(("input", "lost"), [(name, f"{lost:.4f}") for name, lost in top])
    yield "## What it is not"
    yield ""
    yield "- A response to an offer: it says who will buy anyway, not whom an offer would move."
    yield f"- Valid for other than {HORIZON} days, or for customers without a purchase before the as-of date: none are scored."
    yield "- Aware of prices, promotions, holidays or anything personal beyond purchases."


def _measures_table(what: str, lines: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    header = (what, *(_SHORT.get(name, name.replace("_", " ")) for name in METRICS))
    return _table(header, [(name, *(f"{found[metric]:.4f}" for metric in METRICS)) for name, found in lines.items()])


def _told(interval: Interval) -> tuple[str, str, str]:
    return f"{interval.mean:+.4f}", f"{interval.low:+.4f}", f"{interval.high:+.4f}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(text.replace('|', '/') for text in row)} |"
    yield ""
