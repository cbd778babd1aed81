"""The scope pairs the Agent Chat API asks for (protocol.md 2.5)."""

READ_CHATS = ("chats--all:ro", "chats--access:ro")
WRITE_CHATS = ("chats--all:rw", "chats--access:rw")
SET_STATUS = ("agents--my:rw", "agents--all:rw", "agents-bot--my:rw", "agents-bot--all:rw")
READ_STATUS = ("agents--all:ro", "agents-bot--all:ro")
READ_CUSTOMERS = ("customers:ro",)
WRITE_CUSTOMERS = ("customers:rw",)
BAN_CUSTOMERS = ("customers.ban:rw",)
MULTICAST = ("multicast:rw",)
SET_AWAY = ("agents--my:rw",)
