"""Promotion: who may score, moved as one, and every verdict kept."""
