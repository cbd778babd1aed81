"""Paths of agents' tokens; the authorization itself shares those of the front page and sign-in."""

from django.urls import path
from django.urls.resolvers import URLPattern, URLResolver

from agents.accounts.oauth.endpoints import InfoView, TokenView

urlpatterns: list[URLPattern | URLResolver] = [
    path("v2/token", TokenView.as_view(), name="agent_token"),
    path("v2/info", InfoView.as_view(), name="agent_token_info"),
]
