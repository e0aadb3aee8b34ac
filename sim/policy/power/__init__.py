"""Power: which caps apply, and how large elastic jobs and services are."""
