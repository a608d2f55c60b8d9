"""Which recommender the offers use: `implicit` against Spark's ALS and naive ones: `python -m benchmarks.recommenders`.

The Complete Journey's two samples and Online Retail, each learned up to 28 days before its last day and judged on what
shoppers bought in these 28 days. Both libraries factorise the same counts with the same rank, regularisation, confidence
and rounds, and are then used as the jobs use them: products' factors are kept, a shopper's are computed from purchases.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from basketry.domains.offers import recommender
from basketry.domains.offers.recommender import PurchaseMatrix, Recommender

DATA = Path(os.environ.get("BASKETRY_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
_TESTED_DAYS = 28


def samples() -> Iterator[tuple[str, pd.DataFrame]]:
    """Shopper, product, order and day of each line, by the sample's name."""
    names = {"household_key": "shopper", "PRODUCT_ID": "product", "BASKET_ID": "order", "DAY": "day"}
    for name in ("transaction_data_sample_1yr", "transaction_data_sample_2yr_nodiscount"):
        rows = pd.read_csv(DATA / "complete_journey" / f"{name}.csv.gz", usecols=list(names))
        yield f"The Complete Journey, {name.split('_')[3]}", rows.rename(columns=names)
    names = {"CustomerID": "shopper", "StockCode": "product", "InvoiceNo": "order", "InvoiceDate": "day"}
    rows = pd.read_csv(DATA / "online_retail" / "OnlineRetail.csv.gz", encoding="latin-1", dtype=str).rename(
        columns=names
    )
    rows = rows[rows["shopper"].notna() & ~rows["order"].str.startswith("C")]
    when = pd.to_datetime(rows["day"], format="mixed").dt.normalize()
    yield "Online Retail", rows[list(names.values())].assign(day=(when - when.min()).dt.days)


def purchases(rows: pd.DataFrame) -> PurchaseMatrix:
    """Orders of each shopper that hold each product."""
    counts = rows.groupby(["shopper", "product"])["order"].nunique().reset_index()
    return PurchaseMatrix.from_rows(*(counts[name].astype(str if name != "order" else int).tolist() for name in counts))


def spark_als(older: PurchaseMatrix, seed: int) -> Recommender:
    """Fit the same factorisation by Spark."""
    from pyspark.ml.recommendation import ALS

    from basketry.lake.session import spark_session

    spark = spark_session("bench")
    spark.sparkContext.setCheckpointDir(
        tempfile.mkdtemp()
    )  # twelve rounds of lineage are too deep for a thread's stack
    products = recommender.fit_recommender(older, seed).products
    counts = older.counts_of(products).tocoo()
    rows = pd.DataFrame({"user": counts.row, "item": counts.col, "rating": counts.data})
    als = ALS(
        rank=recommender._FACTORS,
        maxIter=recommender._ITERATIONS,
        regParam=recommender._REGULARIZATION,
        alpha=recommender._ALPHA,
        implicitPrefs=True,
        nonnegative=False,
        seed=seed,
        userCol="user",
        itemCol="item",
        checkpointInterval=4,
    )
    learned = als.fit(spark.createDataFrame(rows)).itemFactors.toPandas().set_index("id")["features"]
    factors = np.zeros((len(products), recommender._FACTORS))
    factors[learned.index] = np.stack(learned.to_list())
    return Recommender(products, factors)


def compare(name: str, rows: pd.DataFrame, seed: int = 7) -> list[str]:
    """Return one line per rival: recall and NDCG at TOP, seconds to learn."""
    border = rows["day"].max() - _TESTED_DAYS
    older, newest = purchases(rows[rows["day"] <= border]), purchases(rows[rows["day"] > border])
    both = sorted(set(older.shoppers) & set(newest.shoppers))
    before, after = ([place[name] for name in both] for place in (_places(older), _places(newest)))
    lines = []
    spark_als(older, seed)  # its session, and code that is compiled once
    for rival, fit in (("implicit", recommender.fit_recommender), ("Spark ALS", spark_als)):
        begun = time.monotonic()
        learned = fit(older, seed)
        seconds = time.monotonic() - begun
        later = newest.counts_of(learned.products)[after]
        if rival == "implicit":
            for plain in (recommender.most_popular, recommender.bought_before):
                lines.append(
                    _line(
                        sample=name,
                        rival=plain.__name__,
                        top=plain(older, learned.products)[before],
                        later=later,
                        seconds=0.0,
                    )
                )
        lines.append(
            _line(
                sample=name,
                rival=rival,
                top=learned.top(older.counts_of(learned.products)[before]),
                later=later,
                seconds=seconds,
            )
        )
    return lines


def _places(purchases: PurchaseMatrix) -> dict[str, int]:
    return {name: at for at, name in enumerate(purchases.shoppers)}


def _line(sample: str, rival: str, top: np.ndarray, later: object, seconds: float) -> str:
    values = recommender.recall_and_ndcg(top, later)
    recall, ndcg = (float(np.nanmean(values[f"{name}_at_{recommender.TOP}"])) for name in ("recall", "ndcg"))
    return f"| {sample} | {rival} | {recall:.3f} | {ndcg:.3f} | {seconds:.1f} s |"


if __name__ == "__main__":
    print("| sample | recommender | recall at 12 | NDCG at 12 | learned in |\n|---|---|---|---|---|")
    for sample, lines in samples():
        print("\n".join(compare(sample, lines)), flush=True)
