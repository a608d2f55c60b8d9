"""Rolling-origin back-test: what every method would have forecast at earlier weeks, and what was sold then.

Nothing later than an origin is learned from at that origin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from basketry.domains.forecast import booster, groups
from basketry.domains.forecast.candidates import ALL, SHARE, weekly_candidates
from basketry.domains.forecast.demand_classes import CLASSES, NEW, demand_classes
from basketry.domains.forecast.reconcile import Reconciled, Variances, reconcile, variances_of
from basketry.domains.forecast.series import MONTH, WEEKS_AHEAD, Bools, Floats, Panel, Texts, periods_of, totals_ahead
from basketry.domains.forecast.settings import ForecastSettings

_LEAST_GAIN = 0.02


@dataclass(frozen=True, kw_only=True)
class Origin:
    """One origin of the back-test, with the products that were active then.

    Attributes:
        weeks_ago: Weeks from the origin to the panel's end.
        panel: The series of the active products up to the origin.
        classes: The demand class of each product.
        weekly: Forecasts by method, products x WEEKS_AHEAD.
        observed: What was sold, products x PERIODS; nan where a period is not over yet.
        names: The departments.
        departments_weekly: Each department's own forecast, departments x WEEKS_AHEAD.
        total_weekly: The total's own forecast, one value per week ahead.
        naive_error: Error of the naive four-week forecast, one value per product.
    """

    weeks_ago: int
    panel: Panel
    classes: Texts
    weekly: Mapping[str, Floats]
    observed: Floats
    names: Texts
    departments_weekly: Floats
    total_weekly: Floats
    naive_error: Floats

    def choose(self, choice: Mapping[str, str]) -> Floats:
        """Return the weekly forecast of each product by the method of its class: products x WEEKS_AHEAD."""
        weekly = np.zeros((len(self.panel), WEEKS_AHEAD))
        for name in np.unique(self.classes.astype(str)):
            rows = self.classes == name
            weekly[rows] = self.weekly[choice[name]][rows]
        return weekly

    def reconcile(self, weekly: Floats, variances: Variances) -> tuple[Reconciled, Floats]:
        """Bring the forecasts of all levels together; return them, and those of the products as PERIODS."""
        below = groups.sum_by_department(self.panel, self.names, weekly)
        reconciled = reconcile(below, self.departments_weekly, self.total_weekly, variances)
        positions = {name: number for number, name in enumerate(self.names)}
        rows = np.array([positions[name] for name in self.panel.departments], dtype=np.intp)
        return reconciled, periods_of(weekly * reconciled.factors[rows])


@dataclass(frozen=True)
class GroupMethods:
    """Methods by which departments and the total are forecast by themselves.

    Attributes:
        department: The method of every department.
        total: The method of the total.
    """

    department: str
    total: str


def group_history(panel: Panel) -> tuple[Texts, Floats]:
    """Return the departments in alphabetical order, and their revenue: departments x weeks."""
    names = np.array(sorted(set(panel.departments.tolist())), dtype=object)
    return names, groups.sum_by_department(panel, names, panel.revenue)


def best_group_methods(history: Floats) -> GroupMethods:
    """Choose the methods that did best so far.

    Args:
        history: Departments x weeks.
    """
    return GroupMethods(groups.best_method(history), groups.best_method(history.sum(axis=0, keepdims=True)))


def group_forecasts(history: Floats, methods: GroupMethods) -> tuple[Floats, Floats]:
    """Forecast departments, as departments x WEEKS_AHEAD, and the total by itself."""
    total = groups.METHODS[methods.total](history.sum(axis=0, keepdims=True))[0]
    return groups.METHODS[methods.department](history), total


def make_origin(panel: Panel, weeks_ago: int, settings: ForecastSettings) -> Origin:
    """Train every method on what was known some weeks before the panel's end, and set it beside what was sold then."""
    past = panel.before(weeks_ago)
    rows = booster.training_matrix(past, settings.training.origins, settings.history.active_weeks)
    model = booster.fit_booster(rows, settings.booster.parameters, settings.training.rounds, settings.seed)
    active = (past.idle < settings.history.active_weeks) & past.sold.any(axis=1)
    part = _with_norms(past).select(active)  # its norms stay those of the whole catalog
    names, history = group_history(past)
    departments, total = group_forecasts(history, best_group_methods(history))
    return Origin(
        weeks_ago=weeks_ago,
        panel=part,
        classes=demand_classes(part, settings.history.new_weeks),
        weekly=weekly_candidates(part, model, ALL),
        observed=totals_ahead(panel, weeks_ago)[active],
        names=names,
        departments_weekly=departments,
        total_weekly=total,
        naive_error=naive_error(part),
    )


def _with_norms(panel: Panel) -> Panel:
    return replace(panel, norms=panel.known_norms)


def hide_unfinished(origin: Origin, over: Bools) -> Origin:
    """Return the origin as it was when only some of PERIODS were over."""
    return replace(origin, observed=np.where(over, origin.observed, np.nan))


def naive_error(panel: Panel, weeks: int = 4) -> Floats:
    """Return the root mean squared error of `the last four weeks again` over each product's past; 0 where it made none."""
    sums = np.cumsum(np.column_stack([np.zeros(len(panel)), panel.revenue]), axis=1)
    totals = sums[:, weeks:] - sums[:, :-weeks]
    if totals.shape[1] <= weeks:
        return np.zeros(len(panel))
    spread: Floats = np.sqrt(((totals[:, weeks:] - totals[:, :-weeks]) ** 2).mean(axis=1))
    return spread


def choose_methods(past: Sequence[Origin], candidates: Sequence[str]) -> dict[str, str]:
    """Choose for each demand class the candidate with the least WAPE of the next 28 days over some origins.

    The one that is best over all stays unless another is better by more than _LEAST_GAIN in a class: a few origins tell
    little about a part. It also stays where the origins lack a class, or nothing was sold in it; new products then go by
    category.

    Returns:
        The method by demand class.
    """
    finished = [origin for origin in past if np.isfinite(origin.observed[:, MONTH]).any()]
    overall_scores = _mean_wapes(finished, candidates, None)
    overall = min(candidates, key=lambda name: overall_scores[name])
    by_class = {}
    for name in sorted({str(name) for origin in finished for name in origin.classes}):
        scores = _mean_wapes(finished, candidates, name)
        best = min(candidates, key=lambda method: scores[method])
        by_class[name] = best if scores[best] < (1 - _LEAST_GAIN) * scores[overall] else overall
    return dict.fromkeys(CLASSES, overall) | {NEW: SHARE} | by_class


def _mean_wapes(past: Sequence[Origin], candidates: Sequence[str], demand_class: str | None) -> dict[str, float]:
    """Divide the absolute errors of all origins together by what was sold, by candidate."""
    errors, observed = dict.fromkeys(candidates, 0.0), 0.0
    for origin in past:
        rows = np.ones(len(origin.panel), bool) if demand_class is None else origin.classes == demand_class
        truth = origin.observed[rows, MONTH]
        observed += truth.sum()
        for name in candidates:
            errors[name] += np.abs(origin.weekly[name][rows, :4].sum(axis=1) - truth).sum()
    return {name: error / observed if observed > 0 else np.inf for name, error in errors.items()}


def learn_variances(past: Sequence[Origin], choice: Mapping[str, str]) -> Variances:
    """Measure how far each level's own forecasts of 28 days were off at some origins, relative to what was sold."""
    errors: dict[str, list[Floats]] = {"products": [], "departments": [], "total": []}
    for origin in past:
        month = origin.choose(choice)[:, :4].sum(axis=1, keepdims=True)
        truth = groups.sum_by_department(origin.panel, origin.names, origin.observed[:, [MONTH]])[:, 0]
        below = groups.sum_by_department(origin.panel, origin.names, month)[:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            errors["products"].append((below - truth) / truth)
            errors["departments"].append((origin.departments_weekly[:, :4].sum(axis=1) - truth) / truth)
            errors["total"].append(np.atleast_1d((origin.total_weekly[:4].sum() - truth.sum()) / truth.sum()))
    return variances_of({level: np.concatenate(parts) if parts else np.array([]) for level, parts in errors.items()})
