"""What is fast and how we know: every figure is a ratio of whole processes measured in one run."""
