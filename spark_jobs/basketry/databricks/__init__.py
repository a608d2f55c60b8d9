"""What only a Databricks workspace needs. Plain Python."""
