"""What should go to patients now, and why a message that is due waits."""
