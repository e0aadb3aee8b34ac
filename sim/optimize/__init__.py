"""What could have been reached: linear programs and bounds under perfect information."""
