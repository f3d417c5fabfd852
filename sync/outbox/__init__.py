"""Messages to patients and alerts to the practice: planned, claimed, sent, settled."""
