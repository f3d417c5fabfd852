"""One file a group of commands, named like one of them."""
