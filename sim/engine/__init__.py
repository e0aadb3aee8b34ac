"""The discrete-event simulation: the only room that knows simpy."""
