"""Paths of the workspace, included at the root of the site."""

from django.urls import path
from django.views.generic import RedirectView

from agents.workspace.views import DirectoryView, TokenView, WorkspaceView

urlpatterns = [
    path("workspace", RedirectView.as_view(pattern_name="workspace", query_string=True)),
    path("workspace/", WorkspaceView.as_view(), name="workspace"),
    path("workspace/token", TokenView.as_view(), name="workspace-token"),
    path("workspace/directory", DirectoryView.as_view(), name="workspace-directory"),
]
