"""A bot that answers customers, joins where it is needed, hands over, and whispers to agents.

See README.md for what it takes from the environment.
"""

from __future__ import annotations

import logging
import signal

from behaviour import Behaviour
from desk import Desk
from receiver import Receiver
from settings import Settings

log = logging.getLogger(__name__)


def main() -> None:
    """Serve until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = Settings.from_environment()
    desk = Desk(settings)
    receiver = Receiver(settings.port, desk.webhook_secret, Behaviour(desk).take)
    desk.register_webhooks(["incoming_chat", "incoming_event"])
    try:
        desk.go("accepting_chats")
        log.info("bot %s is online", desk.bot_id)
        receiver.serve_forever()
    except KeyboardInterrupt:
        log.info("going offline")
    finally:
        desk.go("offline")  # its chats go to others, and webhooks cease
        receiver.server_close()


if __name__ == "__main__":
    main()
