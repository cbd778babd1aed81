"""The agents surface as a Django application."""

from django.apps import AppConfig


class AgentsConfig(AppConfig):
    """Registers this surface's actions and translators with the kernel when it is ready."""

    name = "agents"

    def ready(self) -> None:
        """Register the Agent API's actions and pushes."""
        from agents import actions, pushes  # noqa: F401 - importing registers
