"""What many practices on one PostgreSQL cost, and that killing workers loses nothing: docs/scale.md."""
