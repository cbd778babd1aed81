"""The doors: they translate between clients and the one pipeline, and carry what was told."""


def start() -> None:
    """Publish what services tell outside a dispatched call. Every entry point calls this once."""
    from chatplatform import domain_events
    from chatplatform.transports.publish import publish

    domain_events.publish_with(lambda event: publish([event]))
