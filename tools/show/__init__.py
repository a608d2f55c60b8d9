"""What came out of a run: each result as it is printed, read from the Delta folders without a JVM."""
