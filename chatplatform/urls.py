"""The site's addresses; each surface adds its own."""

from django.contrib import admin
from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("chatplatform.transports.web")),
    path("", include("chatplatform.transports.docs")),
    path("", include("chatplatform.transports.health")),
    path("", include("chatplatform.transports.files")),
    path("", include("agents.urls")),
    path("", include("customers.urls")),
    path("", include("configuration.urls")),
    path("admin/", admin.site.urls),
]
