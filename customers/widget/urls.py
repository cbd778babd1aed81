"""The widget's addresses, at the root of the site."""

from django.urls import path
from django.urls.resolvers import URLPattern, URLResolver

from customers.widget import preview, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("widget.js", views.loader, name="widget_loader"),
    path("widget/panel/", views.panel, name="widget_panel"),
    path("widget/texts/", views.texts, name="widget_texts"),
    path("widget/look.css", views.look_css, name="widget_look"),
    path("widget/preview/", preview.page, name="widget_preview"),
    path("widget/preview/loader.js", preview.loader, name="widget_preview_loader"),
    path("widget/preview/panel/", preview.panel, name="widget_preview_panel"),
    path("demo/", views.demo, name="demo"),
]
