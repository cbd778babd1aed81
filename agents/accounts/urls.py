"""Paths of sign-in and sign-out, included at the root of the site."""

from django.urls import path

from agents.accounts.views import SignInView, SignOutView

urlpatterns = [
    path("signin", SignInView.as_view(), name="signin"),
    path("signout", SignOutView.as_view(), name="signout"),
]
