"""What each page shows: a module a page, with its routes, its queries, and dataclasses that its template draws."""
