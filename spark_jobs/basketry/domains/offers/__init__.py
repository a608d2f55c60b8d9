"""Offers: the right one at the moment of the click, learned from every response."""
