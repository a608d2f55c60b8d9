"""The console: web pages inside Airflow for the people who use the results.

::

    app       the FastAPI application: who may come in, headers, errors, routes
    viewer    who asks: the Airflow user, the team, the rights of that team, the catalog
    pages/    what each page shows: one module per page, queries in, plain dataclasses out
    charts/   numbers to the geometry of a chart; templates/ draw it
    exports   CSV downloads: counted, limited, recorded

Nothing here is imported before the first request: see `mount`.
"""
