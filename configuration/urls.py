"""The configuration surface: its pages; actions get their addresses from the registry."""

from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("configuration.console.urls")),
]
