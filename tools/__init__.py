"""What `make` runs: set up, start, show, stop. Knows the machine and the clock, which nothing below `dags/` may."""
