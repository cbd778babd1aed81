"""The widget's addresses, at the root of the site."""

from django.urls import path
from django.urls.resolvers import URLPattern, URLResolver

from customers.widget import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("widget.js", views.loader, name="widget_loader"),
    path("widget/panel/", views.panel, name="widget_panel"),
    path("widget/texts/", views.texts, name="widget_texts"),
    path("demo/", views.demo, name="demo"),
]
