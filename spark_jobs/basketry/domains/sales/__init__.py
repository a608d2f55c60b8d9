"""Sales of products, categories, departments and the whole catalog by day, week, month and year."""
