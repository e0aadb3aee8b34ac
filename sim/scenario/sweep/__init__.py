"""What a study runs: the points of a sweep over a scenario and its variants."""
