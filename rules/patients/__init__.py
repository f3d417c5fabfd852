"""Who somebody is: the record found, completed, and told apart from others."""
