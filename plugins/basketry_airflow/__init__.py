"""What Airflow needs that Airflow lacks: the job factory, retries by cause, alerts, defaults of DAGs, forms."""
