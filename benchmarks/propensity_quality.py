"""How good propensity models are on real purchases, against naive rates: `python -m benchmarks.propensity_quality`.

Three settings, each with the ten categories that most baskets held as of the test date, all customers known by then, and
what they bought in the 30 days after it: The Complete Journey's one-year sample (test as of day 619), its two-year
sample (day 681), and Online Retail (test 30 days before its last day; a product's category is the last word of its name
that is no number, size or colour). Features come from the very kernel that the features job runs, models from the very
code that the weekly training runs; nothing is chosen by the test period.
"""

# ruff: noqa: S608 - the only words in these statements are our own names and paths

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from basketry.config.settings import CHECKOUT
from basketry.domains.propensity import evaluate
from basketry.domains.propensity.baselines import baseline_predictions
from basketry.domains.propensity.dataset import split_rows
from basketry.domains.propensity.dates import HORIZON, split_dates
from basketry.domains.propensity.inputs import BASELINE, DEFINITION, KEYS, LABEL
from basketry.domains.propensity.model import TrainedPropensityModel, train_propensity_model
from basketry.domains.propensity.settings import PropensitySettings, load_settings
from basketry.features import partition

DATA = Path(os.environ.get("BASKETRY_DATA") or CHECKOUT.parent / "shared" / "data")
START = date(2018, 1, 1)
EPOCH = date(1970, 1, 1).toordinal()
LEVELS = ("customer", "category", "customer_category")

JOURNEY = """
    SELECT household_key::VARCHAR AS customer_id, BASKET_ID::VARCHAR AS order_id, t.PRODUCT_ID::VARCHAR AS product_id,
        COMMODITY_DESC AS category, (DATE '2018-01-01' + (DAY - 1)::INT)::DATE AS day,
        (SALES_VALUE - RETAIL_DISC - COUPON_DISC - COUPON_MATCH_DISC)::DOUBLE AS amount_list,
        -RETAIL_DISC::DOUBLE AS instore,
        CASE WHEN COUPON_MATCH_DISC = 0 THEN -COUPON_DISC::DOUBLE ELSE 0 END AS campaign,
        CASE WHEN COUPON_MATCH_DISC <> 0 THEN -COUPON_DISC::DOUBLE ELSE 0 END AS manuf,
        -COUPON_MATCH_DISC::DOUBLE AS match, SALES_VALUE::DOUBLE AS amount_paid
    FROM (SELECT * REPLACE (coalesce(RETAIL_DISC, 0) AS RETAIL_DISC, coalesce(COUPON_DISC, 0) AS COUPON_DISC,
        coalesce(COUPON_MATCH_DISC, 0) AS COUPON_MATCH_DISC) FROM read_csv('{lines}')) t
    JOIN read_csv('{products}') p ON p.PRODUCT_ID = t.PRODUCT_ID
"""
RETAIL = r"""
    WITH lines AS (SELECT * FROM read_csv('{lines}', all_varchar = true, encoding = 'utf-8')),
    words AS (
        SELECT upper(StockCode) AS product_id,
            list_filter(string_split(trim(regexp_replace(upper(mode(Description)), '[^A-Z ]', ' ', 'g')), ' '),
                lambda w: length(w) > 2 AND w NOT IN ('RED', 'BLUE', 'PINK', 'WHITE', 'GREEN', 'BLACK', 'IVORY', 'CREAM', 'SMALL',
                    'LARGE', 'MEDIUM', 'SET', 'RETROSPOT', 'POLKADOT', 'DESIGN', 'VINTAGE', 'ASSORTED', 'ASSTD')) AS said
        FROM lines GROUP BY 1
    )
    SELECT CustomerID AS customer_id, InvoiceNo AS order_id, upper(StockCode) AS product_id, said[-1] AS category,
        strptime(InvoiceDate, ['%m/%d/%Y %H:%M', '%d/%m/%Y %H:%M', '%Y-%m-%d %H:%M:%S'])::DATE AS day,
        Quantity::DOUBLE * UnitPrice::DOUBLE AS amount_list, 0::DOUBLE AS instore,
        0::DOUBLE AS campaign, 0::DOUBLE AS manuf, 0::DOUBLE AS match,
        Quantity::DOUBLE * UnitPrice::DOUBLE AS amount_paid
    FROM lines JOIN words ON words.product_id = upper(StockCode)
    WHERE CustomerID <> '' AND Quantity::INT > 0 AND UnitPrice::DOUBLE > 0 AND StockCode SIMILAR TO '[0-9]{{5}}.*'
        AND len(said) > 0
"""


@dataclass(frozen=True)
class Setting:
    """Lines of a data set, and the as-of date of a training whose test date is 30 days before."""

    name: str
    sql: str
    as_of: date


def settings_of(data: Path) -> list[Setting]:
    """Return the three settings."""
    journey, retail = data / "complete_journey", data / "online_retail"
    products = journey / "product.csv.gz"
    one, two = (journey / f"transaction_data_sample_{name}.csv.gz" for name in ("1yr", "2yr_nodiscount"))
    return [
        Setting("one-year", JOURNEY.format(lines=one, products=products), START + timedelta(days=648)),
        Setting("two-year", JOURNEY.format(lines=two, products=products), START + timedelta(days=710)),
        Setting("online_retail", RETAIL.format(lines=retail / "OnlineRetail.csv.gz"), date(2011, 12, 9)),
    ]


def labelled(lines: pd.DataFrame, dates: Sequence[date], categories: Sequence[str]) -> pd.DataFrame:
    """Compute inputs and labels of every known customer and category as of each date, as the training job reads them."""
    table = pa.Table.from_pandas(lines, preserve_index=False)
    table = table.set_column(table.schema.get_field_index("day"), "day", table.column("day").cast(pa.date32()))
    given = [batch.select(["batch"]) for batch in partition.pack_lines(table.to_batches(), 1)]
    days = [day.toordinal() - EPOCH for day in dates]
    frames: dict[str, list[pd.DataFrame]] = {f"{level}_features": [] for level in LEVELS}
    packed = [*partition.customer_features(given, days, categories, 0), *partition.category_features(given, days, 0)]
    for batch in packed:
        level = batch.column("level")[0].as_py()
        frames[level] += [part.to_pandas() for part in partition.unpack_rows([batch.select(["batch"])])]
    customer, category, pair = (pd.concat(frames[f"{level}_features"]) for level in LEVELS)
    return _joined(customer=customer, category=category, pair=pair, lines=lines, categories=categories)


def _joined(
    customer: pd.DataFrame, category: pd.DataFrame, pair: pd.DataFrame, lines: pd.DataFrame, categories: Sequence[str]
) -> pd.DataFrame:
    columns = ", ".join(
        f"coalesce(p.{name[5:]}, 0) AS {name}" if not name.startswith("pair_days_since") else f"p.{name[5:]} AS {name}"
        for name in sorted({*DEFINITION.columns, *BASELINE.columns})
        if name.startswith("pair_")
    )
    others = ", ".join(
        f"{level[0] if level == 'customer' else 'g'}.{name[len(level) + 1 :]} AS {name}"
        for level in ("customer", "category")
        for name in sorted({*DEFINITION.columns, *BASELINE.columns})
        if name.startswith(f"{level}_")
    )
    inputs = ", ".join((*DEFINITION.select(), *BASELINE.select()))
    category_frame = pd.DataFrame({"category": list(categories)})
    database = duckdb.connect()
    for name, frame in {
        "customer": customer,
        "category": category,
        "pair": pair,
        "lines": lines,
        "known": category_frame,
    }.items():
        database.register(name, frame)
    return database.sql(f"""
        WITH inputs AS (
            SELECT c.as_of, c.customer_id, k.category, {columns}, {others},
                date_diff('day', (SELECT min(day) FROM lines), c.as_of) + 1 AS history_days
            FROM customer c CROSS JOIN known k
            LEFT JOIN category g ON g.as_of = c.as_of AND g.category = k.category
            LEFT JOIN pair p ON p.as_of = c.as_of AND p.customer_id = c.customer_id AND p.category = k.category
        )
        SELECT as_of::DATE AS as_of, customer_id, category, {inputs},
            EXISTS (SELECT 1 FROM lines l WHERE l.customer_id = i.customer_id AND l.category = i.category
                AND l.day > i.as_of AND l.day <= i.as_of + {HORIZON})::TINYINT AS {LABEL}
        FROM inputs i ORDER BY {", ".join(KEYS)}
    """).df()


def judge(
    setting: Setting, chosen: PropensitySettings
) -> tuple[evaluate.PropensityEvaluation, TrainedPropensityModel, float]:
    """Train and compare on the test date; seconds of training alone."""
    lines = duckdb.sql(setting.sql).df()
    dates = split_dates(setting.as_of, chosen)
    seen = lines[lines["day"] <= pd.Timestamp(dates.test)]
    first = seen["day"].min().date()
    baskets = seen.groupby("category")["order_id"].nunique().reset_index()
    top = baskets.sort_values(["order_id", "category"], ascending=[False, True])["category"].head(10).tolist()
    long_enough = [day for day in dates.train if (day - first).days >= HORIZON]
    rows = labelled(lines, [*long_enough, dates.validation, dates.test], top)
    rows["as_of"] = rows["as_of"].dt.date
    training, validation, test = split_rows(rows, dates)
    start = time.perf_counter()
    trained = train_propensity_model(training, validation, DEFINITION.names, chosen)
    seconds = time.perf_counter() - start
    naive = baseline_predictions(pd.concat([training, validation]), test)
    return (
        evaluate.compare_with_rivals(test, trained.predict(test), naive=naive, champion=None, settings=chosen),
        trained,
        seconds,
    )


def describe(
    setting: Setting, outcome: evaluate.PropensityEvaluation, trained: TrainedPropensityModel, seconds: float
) -> str:
    """Describe the figures of a setting, in lines."""
    metrics = evaluate.logged_metrics(outcome)
    lines = [
        f"{setting.name}: {trained.chosen.family}, {trained.chosen.structure}, {trained.calibration};"
        f" search and fit {seconds:.1f} s, the chosen fit {trained.chosen.seconds:.1f} s",
        f"  average precision {metrics['average_precision']:.4f}  ROC AUC {metrics['roc_auc']:.3f}"
        f"  log loss {metrics['log_loss']:.4f}  ECE {metrics['expected_calibration_error']:.4f}"
        f"  repeat {metrics['repeat/average_precision']:.4f}  explore {metrics['explore/average_precision']:.4f}",
    ]
    for name in ("base_rate", "bought_last_30_days", "personal_rate"):
        low, high = (metrics[f"versus/naive/{name}/average_precision/{end}"] for end in ("low", "high"))
        lines.append(f"  less {name} {metrics[f'naive/{name}/average_precision']:.4f}: [{low:+.4f}, {high:+.4f}]")
    lines += [
        f"  validation {one.family} {one.structure}: {one.measures['average_precision']:.4f} in {one.seconds:.1f} s"
        for one in trained.candidates
    ]
    return "\n".join(lines)


def main(names: Sequence[str]) -> int:
    """Judge the named settings, all without names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("settings", nargs="*")
    wanted = parser.parse_args(names).settings
    chosen = load_settings(CHECKOUT / "include")
    np.seterr(all="ignore")
    for setting in settings_of(DATA):
        if not wanted or setting.name in wanted:
            print(describe(setting, *judge(setting, chosen)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
