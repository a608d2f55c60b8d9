"""What domains share about a retailer: order lines, the calendar, coverage, sampling, clustering, suppression."""
