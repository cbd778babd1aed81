"""The kernel as a Django application."""

from django.apps import AppConfig


class ChatPlatformConfig(AppConfig):
    """Holds every shared model; registers checks and domain events when it is ready."""

    name = "chatplatform"
    verbose_name = "Chat platform"

    def ready(self) -> None:
        """Register checks, domain events, and what writes down what they owe to webhooks."""
        from chatplatform import checks, domain_events, migrating  # noqa: F401 - importing registers
        from chatplatform.domain_events import (  # noqa: F401 - importing registers
            access_rules,
            archives,
            canned_responses,
            chats,
            customers,
            events,
            greetings,
            groups,
            multicasts,
            people,
            properties,
            routing,
            sessions,
            tags,
        )
        from chatplatform.services import outbox

        domain_events.keep_with(outbox.keep)
        migrating.connect(self)
