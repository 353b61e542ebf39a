"""Measurements. Speed is told as a ratio to a floor of the same run, for machines differ and are noisy."""
