"""RFM: who is valuable, who is slipping away, who is gone; named segments and clusters of the same customers."""
