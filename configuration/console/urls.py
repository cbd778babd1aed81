"""Paths of the console, included at the root of the site."""

from django.urls import path
from django.views.generic import RedirectView

from configuration.console import applications, first_call, tokens

_ONE = "console/applications/<str:client_id>"

urlpatterns = [
    path("console", RedirectView.as_view(pattern_name="console", query_string=True)),
    path("console/", applications.ApplicationsView.as_view(), name="console"),
    path("console/first-call", first_call.FirstCallView.as_view(), name="console-first-call"),
    path(
        "console/applications/new",
        applications.NewApplicationView.as_view(),
        name="console-application-new",
    ),
    path(_ONE, applications.ApplicationView.as_view(), name="console-application"),
    path(f"{_ONE}/edit", applications.EditView.as_view(), name="console-application-edit"),
    path(f"{_ONE}/secret", applications.SecretView.as_view(), name="console-application-secret"),
    path(
        f"{_ONE}/credentials",
        applications.CredentialsView.as_view(),
        name="console-application-credentials",
    ),
    path(f"{_ONE}/install", applications.InstallView.as_view(), name="console-application-install"),
    path(f"{_ONE}/remove", applications.RemoveView.as_view(), name="console-application-remove"),
    path(f"{_ONE}/delete", applications.DeleteView.as_view(), name="console-application-delete"),
    path(f"{_ONE}/calls", applications.CallsView.as_view(), name="console-application-calls"),
    path("console/tokens", tokens.TokensView.as_view(), name="console-tokens"),
    path("console/tokens/new", tokens.NewTokenView.as_view(), name="console-token-new"),
    path("console/tokens/made", tokens.MadeTokenView.as_view(), name="console-token-made"),
    path("console/tokens/calls", tokens.CallsView.as_view(), name="console-token-calls"),
    path(
        "console/tokens/<int:key>/revoke", tokens.RevokeView.as_view(), name="console-token-revoke"
    ),
]
