"""Does nothing: spark-submit fetches packages before it runs a script."""
