"""Features of customers, categories and pairs of both, as of a day: what models look at, exact and point-in-time."""
