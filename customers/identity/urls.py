"""The accounts endpoints for customers, and version 1 of them, which knows licences."""

from django.urls import path
from django.urls.resolvers import URLPattern, URLResolver

from customers.identity import views

_group_token = views.GroupTokenView.as_view()
_group_token_v1 = views.GroupTokenView.as_view(older=True)

urlpatterns: list[URLPattern | URLResolver] = [
    path("v2/customer/token", views.TokenView.as_view(), name="customer_token"),
    path("v2/customer/info", views.InfoView.as_view(), name="customer_token_info"),
    path("v2/customer/identity_transfer", views.TransferView.as_view(), name="customer_transfer"),
    path("v2/customer/browser", views.BrowserView.as_view(), name="customer_browser"),
    *(
        path(f"v2/customer/<uuid:organization_id>/<int:group_id>/{end}", _group_token)
        for end in ("token", "token/")
    ),
    path("v2/customer/<uuid:organization_id>/<int:group_id>/browser", views.BrowserView.as_view()),
    path("customer/token", views.TokenView.as_view(older=True), name="customer_token_v1"),
    path("customer/info", views.InfoView.as_view(older=True), name="customer_token_info_v1"),
    path("customer/identity_transfer", views.TransferView.as_view(), name="customer_transfer_v1"),
    *(
        path(f"customer/<int:license_id>/<int:group_id>/{end}", _group_token_v1)
        for end in ("token", "token/")
    ),
]
