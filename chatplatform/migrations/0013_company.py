"""What the Configuration API keeps of the organisation."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

import chatplatform.clock


class Migration(migrations.Migration):
    dependencies: ClassVar = [("chatplatform", "0012_bots")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="agent",
            name="email_disabled_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="organization",
            name="company_details",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="organization",
            name="source",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.CreateModel(
            name="Channel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("code", "Code"),
                            ("direct_link", "Direct Link"),
                            ("integration", "Integration"),
                        ],
                        max_length=12,
                    ),
                ),
                ("subtype", models.CharField(blank=True, max_length=100)),
                ("first_activity_at", models.DateTimeField(default=chatplatform.clock.now)),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="channels",
                        to="chatplatform.organization",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "type", "subtype"), name="channel_once"
                    )
                ],
            },
        ),
    ]
