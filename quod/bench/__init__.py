"""Benchmarks: data sets, suites, statistics and reports."""
