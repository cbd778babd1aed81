"""The address of the page behind a verification mail's link."""

from django.urls import path
from django.urls.resolvers import URLPattern, URLResolver

from customers.verification import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("customer/verify_email/<str:token>", views.VerifyEmailView.as_view(), name="verify_email"),
]
