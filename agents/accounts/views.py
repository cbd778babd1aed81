"""The front page."""

from django.views.generic import TemplateView


class FrontView(TemplateView):
    """Shows whoever opens the bare address which doors there are."""

    template_name = "front.html"
