"""Backtests of forecasters on a series, and their files."""
