"""What a study says: outcomes, figures and pages put together from what is on disk."""
