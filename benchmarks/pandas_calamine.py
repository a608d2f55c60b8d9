"""Reads a workbook with pandas and calamine: what an XLSX costs before any work is done with it."""

from __future__ import annotations

import sys

import pandas as pd

if __name__ == "__main__":
    print(len(pd.read_excel(sys.argv[1], engine="calamine")))
