READING = "2"  # raise it if the expansion of series changes: stored series are then expanded again, once
