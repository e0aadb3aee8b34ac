"""A market with a network: optimal power flow, prices and emissions at every bus."""
