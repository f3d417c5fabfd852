"""The interview of `attitre init`."""
