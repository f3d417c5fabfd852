"""What every room stands on: the context of a pass, the log, one bad thing stays one, hours and intervals."""
