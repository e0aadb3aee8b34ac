"""Scheduling policies: five roles, each a small protocol; they see an Observation only."""
