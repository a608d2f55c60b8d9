"""Basketry on an Airflow that is somebody else's: no checkout on the path, only what was delivered."""
