"""What is wrong with a scenario, told all at once, in words."""
