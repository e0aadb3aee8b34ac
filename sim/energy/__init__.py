"""Energy at one site: solar, wind, battery, and how they meet the load."""
