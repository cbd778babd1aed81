"""What the Configuration API keeps of bots and their templates."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import chatplatform.ids


class Migration(migrations.Migration):
    dependencies: ClassVar = [("chatplatform", "0011_agents")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="BotTemplate",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=chatplatform.ids.opaque_id,
                        max_length=32,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=180)),
                ("avatar", models.CharField(blank=True, max_length=500)),
                ("job_title", models.CharField(blank=True, max_length=180)),
                ("max_chats_count", models.PositiveSmallIntegerField(default=6)),
                (
                    "default_group_priority",
                    models.CharField(
                        choices=[
                            ("first", "First"),
                            ("normal", "Normal"),
                            ("last", "Last"),
                            ("supervisor", "Supervisor"),
                        ],
                        default="normal",
                        max_length=12,
                    ),
                ),
                ("secret_checksum", models.CharField(max_length=64)),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bot_templates",
                        to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="bot",
            name="template",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="bots",
                to="chatplatform.bottemplate",
            ),
        ),
        migrations.AddField(
            model_name="bot",
            name="by_person",
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name="bot",
            name="type",
            field=models.CharField(default="chatbot", max_length=64),
        ),
    ]
