"""The accounts endpoints for customers."""

from django.urls import path
from django.urls.resolvers import URLPattern, URLResolver

from customers.identity import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("v2/customer/token", views.TokenView.as_view(), name="customer_token"),
    path("v2/customer/info", views.InfoView.as_view(), name="customer_token_info"),
]
