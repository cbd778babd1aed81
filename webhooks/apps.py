"""The webhooks surface as a Django application."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """Has the worker send what is owed to webhooks."""

    name = "webhooks"

    def ready(self) -> None:
        """Register the sender with the worker."""
        from chatplatform import worker
        from webhooks.sender import Sender

        worker.register(Sender())
