"""Everything stored about an organisation, however far away: what proves that nobody touched it."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from django.apps import apps
from django.db import models

from chatplatform.models import Organization

TABLES = tuple(apps.get_app_config("chatplatform").get_models())


def ways_to_owner(model: type[models.Model], seen: tuple[Any, ...] = ()) -> list[str]:
    """Return every look-up that leads from a model's rows to an organisation, however far away."""
    if model is Organization:
        return ["pk"]
    related = {
        field.name: field.related_model
        for field in model._meta.fields
        if field.is_relation and field.related_model not in (*seen, model)
    }
    if "organization" in related:
        return ["organization"]
    return [
        way if further == "pk" else f"{way}__{further}"
        for way, to in related.items()
        if to in TABLES
        for further in ways_to_owner(to, (*seen, model))
    ]


def rows_of(organization: Organization) -> dict[str, list[dict[str, Any]]]:
    """Return everything stored about an organisation, by table."""
    found = {}
    for model in TABLES:
        theirs = [models.Q(**{way: organization.pk}) for way in ways_to_owner(model)]
        assert theirs, f"{model.__name__} is nobody's"
        columns = [field.attname for field in model._meta.fields]
        rows = model._default_manager.filter(reduce(or_, theirs)).order_by("pk")
        found[model.__name__] = list(rows.values(*columns).distinct())
    return found
