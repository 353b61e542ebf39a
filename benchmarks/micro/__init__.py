"""Micro-benchmarks of single operations, by pytest-benchmark: ``make bench-micro``. No test run collects them."""
