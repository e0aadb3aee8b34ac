"""Storage: how the battery acts."""
