READING = "2"  # raise it when repeated events are unfolded otherwise: stored ones are unfolded anew, once
