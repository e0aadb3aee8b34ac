"""Series of the user's own: read, checked, and laid onto the run's time."""
