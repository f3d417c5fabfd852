"""The waiting list (P44, ruling 14): to whom freed time is offered, in which order, and when. Pure."""
