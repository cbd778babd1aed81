"""Configuration API and the admin."""
