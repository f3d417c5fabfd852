"""Text made comparable and readable; nothing here knows of patients."""
