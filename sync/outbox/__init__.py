"""Messages to patients and alerts to the practice: owed, claimed, sent, settled."""
