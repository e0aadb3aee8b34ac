"""Order: which waiting jobs start now, and which running ones make way for them."""
