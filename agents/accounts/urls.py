"""Paths of the front page, sign-in and sign-out, included at the root of the site."""

from django.urls import path

from agents.accounts.views import FrontView, SignInView, SignOutView

urlpatterns = [
    path("", FrontView.as_view(), name="front"),
    path("signin", SignInView.as_view(), name="signin"),
    path("signout", SignOutView.as_view(), name="signout"),
]
