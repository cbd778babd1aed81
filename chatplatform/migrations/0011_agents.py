"""What the Configuration API keeps of agents: their last logout, wishes to work again, and when
working hours begin or end.
"""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

from chatplatform import clock


def look_at_hours(apps, schema_editor):
    """Let the worker look at once at whoever has working hours already."""
    agents = apps.get_model("chatplatform", "Agent").objects.filter(deleted_at__isnull=True)
    agents.exclude(work_scheduler={}).update(hours_change_at=clock.now())


class Migration(migrations.Migration):
    dependencies: ClassVar = [("chatplatform", "0010_webhooks")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="agent",
            name="last_logout_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="UnsuspensionRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                (
                    "agent",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="unsuspension_request",
                        to="chatplatform.agent",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        to="chatplatform.organization",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)),
                        fields=["due_at"],
                        name="unsuspension_due",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="agent",
            name="hours_change_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="agent",
            index=models.Index(
                condition=models.Q(("hours_change_at__isnull", False)),
                fields=["hours_change_at"],
                name="agent_hours_due",
            ),
        ),
        migrations.RunPython(look_at_hours, migrations.RunPython.noop, elidable=True),
    ]
