"""The model card: what a person should know before letting a model score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from basketry.domains.propensity.dates import HORIZON, SplitDates
from basketry.domains.propensity.evaluate import AUDIENCES, CHAMPION, PropensityEvaluation
from basketry.domains.propensity.model import STRUCTURES, TrainedPropensityModel
from basketry.learning.confidence import CALIBRATION
from basketry.learning.evaluation import METRICS, Interval

_SHORT = {"roc_auc": "ROC AUC", "expected_calibration_error": "ECE", "lift_top_decile": "lift in top tenth"}


@dataclass(frozen=True, kw_only=True)
class PropensityCardContent:
    """What a card is about.

    Attributes:
        catalog: The retailer.
        as_of: The day of the training.
        dates: The as-of dates of the splits.
        trained: The chosen model and its candidates.
        evaluation: The metrics on the test rows.
        importance: What is lost when an input is shuffled.
        champion: A sentence about the comparison with the champion.
        notes: Sentences about what the training left out.
    """

    catalog: str
    as_of: date
    dates: SplitDates
    trained: TrainedPropensityModel
    evaluation: PropensityEvaluation
    importance: pd.DataFrame
    champion: str
    notes: Sequence[str]


def model_card(content: PropensityCardContent) -> str:
    """Return the card as Markdown, without a single customer in it."""
    parts = (_head(content), _chosen_model(content.trained), _quality(content), _categories(content), _rest(content))
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(content: PropensityCardContent) -> Iterator[str]:
    dates, rows = content.dates, content.evaluation.rows
    yield f"# Propensity of {content.catalog}, as of {content.as_of}"
    yield ""
    yield f"The probability that a customer buys from a category within {HORIZON} days, for every known customer."
    yield ""
    yield f"- Trained on as-of dates {', '.join(map(str, dates.train))}; each with the purchases of the {HORIZON} days after."
    yield f"- Chosen and calibrated on {dates.validation}, then fitted once more with that date."
    yield f"- Tested on {dates.test}, which chose nothing."
    yield f"- Test: {len(rows):,} customers x categories, {int(content.evaluation.observed.sum()):,} of them bought."
    yield f"- {content.champion}"
    yield from (f"- {note[0].upper()}{note[1:]}." for note in content.notes)
    yield ""


def _chosen_model(trained: TrainedPropensityModel) -> Iterator[str]:
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
            (
                candidate.family,
                candidate.structure,
                f"{candidate.seconds:.1f}",
                f"{candidate.score:.4f}",
                f"{candidate.measures['log_loss']:.4f}",
            )
            for candidate in trained.candidates
        ],
    )


def _quality(content: PropensityCardContent) -> Iterator[str]:
    evaluation = content.evaluation
    lines = {"challenger": evaluation.mean(evaluation.predicted)}
    lines |= {name: evaluation.mean(predicted) for name, predicted in evaluation.rivals.items()}
    lines |= {
        f"challenger, {name}": evaluation.mean(evaluation.predicted, evaluation.audience(name)) for name in AUDIENCES
    }
    yield "## How good it is on the test date"
    yield ""
    yield "Mean over the categories. Repeat: customers who bought the category before; explore: who did not."
    yield ""
    yield from _measures_table("model", lines)
    error, chance, excess = (
        evaluation.confidence.own[CALIBRATION],
        evaluation.confidence.calibrated,
        evaluation.confidence.excess,
    )
    yield (
        f"The calibration error (ECE) of {error.mean:.4f} is not all the model's: with these predictions a perfectly"
        f" calibrated model would show {chance.mean:.4f} on these rows ({chance.low:.4f} to {chance.high:.4f}). What is"
        f" beyond, with its 95 % interval: {' '.join(_interval_cells(excess))}."
    )
    yield ""
    yield "Average precision of the challenger less that of its rival, 95 % interval over customers:"
    yield ""
    rows = [
        (name, *_interval_cells(other.overall["average_precision"])) for name, other in evaluation.comparisons.items()
    ]
    yield from _table(("rival", "difference", "from", "to"), rows)


def _categories(content: PropensityCardContent) -> Iterator[str]:
    yield "## Each category"
    yield ""
    yield from _measures_table("category", content.evaluation.by_category(content.evaluation.predicted))
    comparison = content.evaluation.comparisons.get(CHAMPION)
    if comparison:
        yield "Average precision less the champion's:"
        yield ""
        rows = [
            (name, *_interval_cells(intervals["average_precision"])) for name, intervals in comparison.by_group.items()
        ]
        yield from _table(("category", "difference", "from", "to"), rows)


def _rest(content: PropensityCardContent) -> Iterator[str]:
    yield "## What it looks at"
    yield ""
    yield "Mean average precision lost when an input is shuffled among the test rows:"
    yield ""
    top = content.importance.head(10).itertuples(index=False)
    yield from _table(("input", "lost"), [(name, f"{lost:.4f}") for name, lost in top])
    yield "## What it is not"
    yield ""
    yield "- A response to an offer: it says who will buy anyway, not whom an offer would move."
    yield f"- Valid for other than {HORIZON} days, or for customers without a purchase before the as-of date: none are scored."
    yield "- Aware of prices, promotions, holidays or anything personal beyond purchases."


def _measures_table(what: str, lines: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    header = (what, *(_SHORT.get(name, name.replace("_", " ")) for name in METRICS))
    return _table(header, [(name, *(f"{values[metric]:.4f}" for metric in METRICS)) for name, values in lines.items()])


def _interval_cells(interval: Interval) -> tuple[str, str, str]:
    return f"{interval.mean:+.4f}", f"{interval.low:+.4f}", f"{interval.high:+.4f}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(text.replace('|', '/') for text in row)} |"
    yield ""
