"""Questions in plain words: a sentence in, the query with its rows out, or a refusal that says what to ask instead.

answer("Top 5 products by revenue last month", team="sales", warehouse=warehouse)
"""

from __future__ import annotations

from basketry.ask.answering import answer
from basketry.ask.drafts import Drafter, drafter
from basketry.ask.model import Answer, Chart, Heading

__all__ = ["Answer", "Chart", "Drafter", "Heading", "answer", "drafter"]
