"""The kernel as a Django application."""

from django.apps import AppConfig


class ChatPlatformConfig(AppConfig):
    """Holds every shared model; registers the system checks when it is ready."""

    name = "chatplatform"
    verbose_name = "Chat platform"

    def ready(self) -> None:
        """Register the checks that refuse settings under which messages would be lost."""
        from chatplatform import checks  # noqa: F401 - importing registers
