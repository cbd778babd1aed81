"""The customers surface as a Django application."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """Registers this surface's actions and translators with the kernel when it is ready."""

    name = "customers"

    def ready(self) -> None:
        """Register the Customer API's actions and pushes."""
        from customers import actions, pushes  # noqa: F401 - importing registers
