"""The instrument: what each stage of an election costs, and how far that is from the cost of its primitives.

Speed is told as a ratio to a floor of the same run, for machines differ and are noisy. Run ``python -m benchmarks
--help``; ``docs/howto/measure.md`` says what the columns mean.

A stage runs in a process of its own (:mod:`.worker`), started by :mod:`.processes`, so that its peak memory is its own
and no stage warms another.
"""
