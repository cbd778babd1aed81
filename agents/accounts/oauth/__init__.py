"""How applications are let act for agents: OAuth 2's authorization and tokens (protocol.md 5.1)."""
