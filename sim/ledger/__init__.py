"""What happened, and what it cost: energy, money, carbon per step, site and job."""
