"""Tables with Spark: the session, the lakehouse, the change feed, schema evolution, locks, the runner of jobs, restatement."""
