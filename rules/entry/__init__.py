"""From what she typed to an entry: titles, descriptions, labels, answers."""
