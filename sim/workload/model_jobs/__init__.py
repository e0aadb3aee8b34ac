"""Streams of jobs as a model's makers see them, brought down to gangs, run times and profiles."""
