"""The probability that a customer buys from a category in the next 30 days: train, score, and see what came true."""
