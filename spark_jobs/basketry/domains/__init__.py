"""Domains, one package each: each turns tables into tables, and none knows another."""
