"""Packages that only some jobs import, with floors and no pins, as the extra `jobs` of pyproject.toml names them.

A run in a workspace gets the wheel, whose metadata name what every job imports and the runtimes bring along, and of these what
its own job needs. A test holds each job's list against what it imports.
"""

from __future__ import annotations

CALAMINE = "python-calamine>=0.3"
EMAIL_VALIDATOR = "email-validator>=2.2"
HOLIDAYS = "holidays>=0.60"
IMPLICIT = "implicit>=0.7.2"
LIGHTGBM = "lightgbm>=4.5"
MLFLOW = "mlflow-skinny>=3.17,<4"
OPENLINEAGE = "openlineage-python>=1.30"
OPTUNA = "optuna>=4"
PHONENUMBERS = "phonenumbers>=8.13"
REDIS = "redis>=5.2"
ZIPCODES = "zipcodes>=1.3"

OF_LINEAGE = (OPENLINEAGE,)
"""What tells a lineage server of a run: installed for every job where there is such a server, and for none elsewhere."""

CONTACTS = (EMAIL_VALIDATOR, PHONENUMBERS)
"""What reads e-mail addresses and telephone numbers."""

CALLS = (*CONTACTS, HOLIDAYS, ZIPCODES)
"""What says whom one may call, where and when."""
