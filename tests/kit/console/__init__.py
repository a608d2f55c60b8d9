"""A small lake with every table that the console shows, runs in the database of its Airflow, and a server over it."""
