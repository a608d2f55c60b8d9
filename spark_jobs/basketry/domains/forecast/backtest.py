"""Rolling-origin back-test: what every method would have said at earlier weeks, learned from nothing later, and what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from basketry.domains.forecast import booster, groups
from basketry.domains.forecast.candidates import ALL, SHARE, weekly_candidates
from basketry.domains.forecast.classes import CLASSES, NEW, demand_classes
from basketry.domains.forecast.reconcile import Agreed, Variances, reconcile, variances_of
from basketry.domains.forecast.series import MONTH, Bools, Floats, Panel, Texts, periods_of, totals_ahead
from basketry.domains.forecast.settings import ForecastSettings

_LEAST_GAIN = 0.02


@dataclass(frozen=True)
class Origin:
    """One origin, `weeks_ago` before the panel's end, with the products that were active then.

    weekly: by method, products x WEEKS_AHEAD; observed: products x PERIODS, nan where not over yet; departments_weekly:
    each department's own forecast; department_methods: see GroupMethods; naive_error: of the naive four-week forecast.
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

    def chosen(self, choice: Mapping[str, str]) -> Floats:
        """The weekly forecast of each product by the method of its class."""
        found = np.zeros_like(next(iter(self.weekly.values())))
        for name in np.unique(self.classes.astype(str)):
            rows = self.classes == name
            found[rows] = self.weekly[choice[name]][rows]
        return found

    def agreed(self, weekly: Floats, variances: Variances) -> tuple[Agreed, Floats]:
        """The forecasts of all levels brought together, and those of the products as PERIODS."""
        below = groups.by_department(self.panel, self.names, weekly)
        found = reconcile(below, self.departments_weekly, self.total_weekly, variances)
        place = {name: number for number, name in enumerate(self.names)}
        rows = np.array([place[name] for name in self.panel.departments], dtype=np.intp)
        return found, periods_of(weekly * found.factors[rows])


@dataclass(frozen=True)
class GroupMethods:
    """Methods by which departments and the total are forecast by themselves."""

    department: str
    total: str


def group_history(panel: Panel) -> tuple[Texts, Floats]:
    """The departments in alphabetical order, and their revenue: departments x weeks."""
    names = np.array(sorted(set(panel.departments.tolist())), dtype=object)
    return names, groups.by_department(panel, names, panel.revenue)


def group_methods(history: Floats) -> GroupMethods:
    """The methods that did best so far. history: departments x weeks."""
    return GroupMethods(groups.best_method(history), groups.best_method(history.sum(axis=0, keepdims=True)))


def group_forecasts(history: Floats, methods: GroupMethods) -> tuple[Floats, Floats]:
    """Departments x WEEKS_AHEAD, and the total's own forecast."""
    total = groups.METHODS[methods.total](history.sum(axis=0, keepdims=True))[0]
    return groups.METHODS[methods.department](history), total


def at_origin(panel: Panel, weeks_ago: int, settings: ForecastSettings) -> Origin:
    """Every method trained on what was known `weeks_ago` weeks before the panel's end, beside what came then."""
    known = panel.before(weeks_ago)
    rows = booster.taught(known, settings.training_origins, settings.active_weeks)
    model = booster.train(rows, settings.parameters, settings.rounds, settings.seed)
    active = (known.idle < settings.active_weeks) & known.sold.any(axis=1)
    part = _with_norms(known).select(active)  # its norms stay those of the whole catalog
    names, history = group_history(known)
    departments, total = group_forecasts(history, group_methods(history))
    return Origin(
        weeks_ago,
        part,
        demand_classes(part, settings.new_weeks),
        weekly_candidates(part, model, ALL),
        totals_ahead(panel, weeks_ago)[active],
        names,
        departments,
        total,
        naive_error(part),
    )


def _with_norms(panel: Panel) -> Panel:
    return replace(panel, norms=panel.known_norms)


def hidden(origin: Origin, over: Bools) -> Origin:
    """The same origin when only these of PERIODS were over."""
    return replace(origin, observed=np.where(over, origin.observed, np.nan))


def naive_error(panel: Panel, weeks: int = 4) -> Floats:
    """Root mean squared error that `the last four weeks again` made over each product's past; 0 where it made none."""
    sums = np.cumsum(np.column_stack([np.zeros(len(panel)), panel.revenue]), axis=1)
    totals = sums[:, weeks:] - sums[:, :-weeks]
    if totals.shape[1] <= weeks:
        return np.zeros(len(panel))
    return np.sqrt(((totals[:, weeks:] - totals[:, :-weeks]) ** 2).mean(axis=1))


def choose(past: Sequence[Origin], candidates: Sequence[str]) -> dict[str, str]:
    """By demand class the candidate with the least WAPE of the next 28 days over these origins.

    The one that is best over all stays unless another is better by more than _LEAST_GAIN in a class: a few origins tell
    little about a part. So it does where the origins lack a class, or nothing came in it; new products then go by category.
    """
    known = [one for one in past if np.isfinite(one.observed[:, MONTH]).any()]
    everything = _mean_wapes(known, candidates, None)
    overall = min(candidates, key=lambda name: everything[name])
    found = {}
    for name in sorted({str(name) for one in known for name in one.classes}):
        scores = _mean_wapes(known, candidates, name)
        best = min(candidates, key=lambda method: scores[method])
        found[name] = best if scores[best] < (1 - _LEAST_GAIN) * scores[overall] else overall
    return dict.fromkeys(CLASSES, overall) | {NEW: SHARE} | found


def _mean_wapes(past: Sequence[Origin], candidates: Sequence[str], demand_class: str | None) -> dict[str, float]:
    """Sum of absolute errors over what came, over all origins together, by candidate."""
    errors, came = dict.fromkeys(candidates, 0.0), 0.0
    for one in past:
        rows = np.ones(len(one.panel), bool) if demand_class is None else one.classes == demand_class
        truth = one.observed[rows, MONTH]
        came += truth.sum()
        for name in candidates:
            errors[name] += np.abs(one.weekly[name][rows, :4].sum(axis=1) - truth).sum()
    return {name: error / came if came > 0 else np.inf for name, error in errors.items()}


def learned_variances(past: Sequence[Origin], choice: Mapping[str, str]) -> Variances:
    """How far each level's own forecasts of 28 days were off at these origins, relative to what came."""
    errors: dict[str, list[Floats]] = {"products": [], "departments": [], "total": []}
    for one in past:
        truth = groups.by_department(one.panel, one.names, one.observed[:, [MONTH]])[:, 0]
        below = groups.by_department(one.panel, one.names, one.chosen(choice)[:, :4].sum(axis=1, keepdims=True))[:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            errors["products"].append((below - truth) / truth)
            errors["departments"].append((one.departments_weekly[:, :4].sum(axis=1) - truth) / truth)
            errors["total"].append(np.atleast_1d((one.total_weekly[:4].sum() - truth.sum()) / truth.sum()))
    return variances_of({level: np.concatenate(found) if found else np.array([]) for level, found in errors.items()})
