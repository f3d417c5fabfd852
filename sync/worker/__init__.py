"""When: one pass, rounds, the scheduler, the steps of a pass, and what `run` serves."""
