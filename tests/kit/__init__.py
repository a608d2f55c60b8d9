"""What tests build on: rows, lakes, jobs, deliveries, a model registry, and the services and data that some tests need."""
