"""The configuration surface as a Django application."""

from django.apps import AppConfig


class ConfigurationConfig(AppConfig):
    """Registers this surface's actions with the kernel when it is ready."""

    name = "configuration"

    def ready(self) -> None:
        """Register the Configuration API's actions."""
        from configuration import actions  # noqa: F401 - importing registers
