"""What the Configuration API is asked and answers, by noun."""
