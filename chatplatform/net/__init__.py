"""The only way out of the house: HTTP to addresses that somebody else chose."""
