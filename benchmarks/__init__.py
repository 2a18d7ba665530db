"""Benchmarks: ``python -m benchmarks`` measures and compares two runs."""
