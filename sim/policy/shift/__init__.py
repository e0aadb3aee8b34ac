"""Shift: from when, or in which intervals, a job may run."""
