"""The customers surface: its pages; actions get their addresses from the registry."""

from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("customers.identity.urls")),
    path("", include("customers.verification.urls")),
    path("", include("customers.widget.urls")),
]
