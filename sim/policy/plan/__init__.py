"""Joint policies: plans that decide for several roles together."""
