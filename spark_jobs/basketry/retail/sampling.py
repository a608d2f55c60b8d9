"""A sample of customers that is the same on every date and in every run."""

from __future__ import annotations

import math

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

_BUCKETS = 1_000_003
"""A prime: customers are sampled by the remainder of their hash, finely enough for any share."""


def sample_customers(rows: DataFrame, share: float) -> DataFrame:
    """Return all rows of about a share of the customers, told apart by customer_id."""
    if share >= 1:
        return rows
    remainder = F.pmod(F.xxhash64("customer_id"), F.lit(_BUCKETS))
    return rows.where(remainder < math.ceil(share * _BUCKETS))
