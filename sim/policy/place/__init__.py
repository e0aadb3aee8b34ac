"""Place: at which site a job runs."""
