"""The demo retailer: a seeded simulator of a grocery and household retailer in the United States and its deliveries."""

from __future__ import annotations

from tools.demo.delivery import deliver
from tools.demo.manifest import Defect, DeliveredCount, Manifest, read_manifest

__all__ = ["Defect", "DeliveredCount", "Manifest", "deliver", "read_manifest"]
