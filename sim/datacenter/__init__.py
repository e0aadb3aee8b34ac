"""The data center: power of its accelerators, and what cooling and conversion add to it."""
