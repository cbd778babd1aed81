"""Agent Chat API, the agent workspace and staff sign-in."""
