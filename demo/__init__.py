"""`make demo`: the whole product on loopback, with servers that swallow what it sends."""
