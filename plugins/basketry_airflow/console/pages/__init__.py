"""What each page shows: one module per page, with its routes, its queries, and dataclasses that its template draws."""
