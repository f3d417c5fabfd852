"""What a person asked for: a patient by the link, the practice by a command."""
