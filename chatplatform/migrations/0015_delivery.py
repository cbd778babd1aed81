"""What the Configuration API keeps of delivering webhooks."""

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models

TABLE = "chatplatform_webhookdelivery"


def clean_often(apps: Any, schema_editor: Any) -> None:
    """Have rows that were claimed and delivered leave the index of those that wait.

    Every look at what is due steps over them until a vacuum has come by.
    """
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            f"ALTER TABLE {TABLE} SET (autovacuum_vacuum_scale_factor = 0.0,"
            " autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0)"
        )


def clean_as_others(apps: Any, schema_editor: Any) -> None:
    """Have the table cleaned like any other."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            f"ALTER TABLE {TABLE} RESET (autovacuum_vacuum_scale_factor,"
            " autovacuum_vacuum_threshold, autovacuum_vacuum_cost_delay)"
        )


class Migration(migrations.Migration):
    dependencies: ClassVar = [("chatplatform", "0014_translations")]

    operations: ClassVar = [
        # A webhook can be taken away whatever it has been sent: its history goes by itself, later.
        migrations.AlterField(
            model_name="webhookdelivery",
            name="endpoint",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                to="chatplatform.webhookendpoint",
            ),
        ),
        migrations.AlterField(
            model_name="webhookdelivery",
            name="webhook",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="deliveries",
                to="chatplatform.webhook",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                fields=["webhook", "state", "organization", "id"], name="delivery_history"
            ),
        ),
        # Why a delivery was given up, and finding finished ones by what became of them.
        migrations.AddField(
            model_name="webhookdelivery",
            name="given_up",
            field=models.CharField(blank=True, db_default="", default="", max_length=255),
        ),
        migrations.RemoveIndex(model_name="webhookdelivery", name="delivery_finished"),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("finished_at__isnull", False)),
                fields=["state", "finished_at"],
                name="delivery_finished",
            ),
        ),
        migrations.RunPython(clean_often, clean_as_others),
    ]
