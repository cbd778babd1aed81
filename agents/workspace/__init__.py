"""The agent workspace: a server-rendered shell whose script talks to the public Agent APIs."""
