"""Basketry: what computes. Plain Python and Spark; never Airflow."""
