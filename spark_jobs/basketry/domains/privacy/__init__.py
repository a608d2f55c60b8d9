"""What protects persons: forgetting on request, and the grants of every team."""
