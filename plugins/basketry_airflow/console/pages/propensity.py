"""Propensity: who buys which category next, whether the model keeps its promises, and campaign lists of the best."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Query
from starlette.responses import Response

from basketry.errors import BadInputError
from basketry.registry.models import PROPENSITY_MODEL
from basketry_airflow.console import formats
from basketry_airflow.console.charts import Dot, PointChart, point_chart
from basketry_airflow.console.contacts import contact_columns, export_customers
from basketry_airflow.console.exports import MOST_ROWS
from basketry_airflow.console.page import Page
from basketry_airflow.console.rendering import CurrentViewer, render
from basketry_airflow.console.viewer import Notice, Record, Viewer

router = APIRouter()

SCORES, OUTCOMES = "gold.propensity_scores", "gold.propensity_outcomes"
PAGE = Page(path="propensity", title="Propensity", position=6, router=router, tables=(SCORES,), model=PROPENSITY_MODEL)
TOP = 25


@dataclass(frozen=True, kw_only=True)
class Propensity:
    """What the page shows.

    Attributes:
        as_of: The newest day with scores.
        category: The category looked at.
        categories: All categories to choose from.
        expected: Expected buyers.
        customers: Customers with a score.
        version: The version that scored them.
        top: The likeliest customers.
        deciles: Customers and expected buyers of each tenth.
        reliability: Predicted and observed rates, by category.
        versions: Outcomes of each model version.
        lifts: The newest outcomes, by category.
    """

    as_of: date
    category: str
    categories: tuple[str, ...]
    expected: float
    customers: int
    version: str
    top: tuple[Record, ...]
    deciles: tuple[Record, ...]
    reliability: PointChart | Notice
    versions: tuple[Record, ...]
    lifts: tuple[Record, ...]


@router.get("/propensity")
def page(viewer: CurrentViewer, category: str = "") -> Response:
    """Return the page."""
    shown = PAGE.unavailable(viewer) or propensity(viewer, category)
    return render(viewer, PAGE.path, PAGE.title, shown, most=MOST_ROWS, provisional=PAGE.provisional(viewer))


@router.get("/propensity/download")
def download(viewer: CurrentViewer, category: str, best: int = Query(1000, ge=1, le=MOST_ROWS)) -> Response:
    """Return the `best` likeliest customers of a category; `expected` sums up the purchases that such a campaign meets."""
    as_of = viewer.newest(SCORES)
    if as_of is None:
        raise BadInputError("There is no score yet.")
    contact, join = contact_columns(viewer, "s")
    sql = f"""SELECT rank, customer_id, category, probability, expected, decile, as_of, model_version{contact.replace("a.", "")}
              FROM (SELECT row_number() OVER (ORDER BY s.probability DESC, s.customer_id) AS rank, s.customer_id, s.category,
                    s.probability, s.decile, s.as_of, s.model_version,
                    sum(s.probability) OVER (ORDER BY s.probability DESC, s.customer_id) AS expected{contact}
                    FROM {SCORES} AS s{join} WHERE s.as_of = :as_of AND s.category = :category) AS ranked
              WHERE rank <= :best ORDER BY rank"""  # noqa: S608
    return export_customers(viewer, f"campaign_{category}_{as_of}", sql, as_of=as_of, category=category, best=best)


def propensity(viewer: Viewer, requested: str) -> Propensity | Notice:
    """Return all that the page shows of the requested category; of the first one when that is not scored."""
    as_of = viewer.newest(SCORES)
    if as_of is None:
        return PAGE.empty(viewer, f"{SCORES} has no row yet.")
    sql = f"SELECT category FROM {SCORES} WHERE as_of = :as_of GROUP BY category ORDER BY category"  # noqa: S608
    categories = tuple(row["category"] for row in viewer.records(sql, as_of=as_of))
    category = requested if requested in categories else categories[0]
    where = "WHERE as_of = :as_of AND category = :category"
    top = f"""SELECT customer_id, probability, decile, category_rank FROM {SCORES} {where}
              ORDER BY probability DESC, customer_id"""  # noqa: S608
    deciles = f"""SELECT decile, count(*) AS customers, sum(probability) AS expected, avg(probability) AS mean,
                  max(model_version) AS version FROM {SCORES} {where} GROUP BY decile ORDER BY decile"""  # noqa: S608
    tenths = viewer.records(deciles, as_of=as_of, category=category)
    return Propensity(
        as_of=as_of,
        category=category,
        categories=categories,
        expected=sum(row["expected"] for row in tenths),
        customers=sum(row["customers"] for row in tenths),
        version=tenths[0]["version"],
        top=tuple(viewer.records(top, limit=TOP, as_of=as_of, category=category)),
        deciles=tuple(tenths),
        reliability=_reliability(viewer),
        versions=_versions(viewer),
        lifts=_lifts(viewer),
    )


def _reliability(viewer: Viewer) -> PointChart | Notice:
    unavailable = viewer.missing("Outcomes", "daily_scoring", OUTCOMES)
    if unavailable:
        return unavailable
    rows = _newest_outcomes(viewer, "category, mean_predicted, mean_observed")
    if not rows:
        return Notice("No outcomes yet", "Scores are judged 30 days after they were made: look again then.")
    dots = [Dot(row["category"], row["mean_predicted"], row["mean_observed"]) for row in rows]
    title = "Predicted and observed purchase rates"
    return point_chart(title, dots, x_name="predicted", y_name="observed", of="category", write=formats.share)


def _newest_outcomes(viewer: Viewer, columns: str) -> list[Record]:
    sql = f"""SELECT {columns} FROM {OUTCOMES} WHERE audience = 'all' AND category <> ''
              AND as_of = (SELECT max(as_of) FROM {OUTCOMES}) ORDER BY category"""  # noqa: S608
    return viewer.records(sql)


def _lifts(viewer: Viewer) -> tuple[Record, ...]:
    if viewer.missing("Outcomes", "daily_scoring", OUTCOMES):
        return ()
    columns = "category, customers, buyers, lift_top_decile, average_precision, mean_predicted, mean_observed"
    return tuple(_newest_outcomes(viewer, columns))


def _versions(viewer: Viewer) -> tuple[Record, ...]:
    if viewer.missing("Outcomes", "daily_scoring", OUTCOMES):
        return ()
    sql = f"""SELECT model_version, audience, count(DISTINCT as_of) AS days, avg(average_precision) AS average_precision,
              avg(roc_auc) AS roc_auc, avg(lift_top_decile) AS lift, avg(expected_calibration_error) AS calibration_error,
              avg(mean_predicted) AS predicted, avg(mean_observed) AS observed FROM {OUTCOMES} WHERE category = ''
              GROUP BY model_version, audience ORDER BY model_version DESC, audience"""  # noqa: S608
    return tuple(viewer.records(sql))
