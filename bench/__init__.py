"""Benchmarks: figures side by side in one run, ratios first. `make bench` runs them all."""
