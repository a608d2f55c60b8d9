"""What to do about a product: rules that are declared in include/decisions.yaml over what is known and forecast."""
