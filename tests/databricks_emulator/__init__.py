"""A local server that answers like a Databricks workspace, for tests and for running DAGs in the databricks runtime.

It speaks the part of the REST API that Airflow's Databricks provider and databricks-sdk use here: Jobs, Files of
volumes, SQL statements, and what `make deploy` makes: Unity Catalog, workspace files, dashboards, permissions. A
submitted `spark_python_task` really runs, as a local process; nothing else is real. What the service would accept in
silence and the emulator cannot honour is refused with 400, so that a wrong payload fails here and not at a customer.
`python -m tests.databricks_emulator --help` starts it by hand.
"""
