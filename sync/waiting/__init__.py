"""The waiting list (P44): who waits, which time became free, to whom it is offered, and who gets it."""
