import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import chatplatform.clock

PRIORITIES = [
    ("first", "First"),
    ("normal", "Normal"),
    ("last", "Last"),
    ("supervisor", "Supervisor"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("chatplatform", "0004_transfers"),
    ]

    operations = [
        migrations.AddField(
            model_name="agent",
            name="deleted_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="agent",
            name="email_subscriptions",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="agent",
            name="mobile",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="agent",
            name="notifications",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="agent",
            name="work_scheduler",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="organization",
            name="groups_revision",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name="groupmember",
            name="priority",
            field=models.CharField(
                blank=True, choices=PRIORITIES, default="normal", max_length=12
            ),
        ),
        migrations.CreateModel(
            name="Bot",
            fields=[
                (
                    "agent",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="chatplatform.agent",
                    ),
                ),
                (
                    "type",
                    models.CharField(
                        choices=[("chatbot", "Chatbot"), ("ai_agent", "Ai Agent")],
                        default="chatbot",
                        max_length=16,
                    ),
                ),
                (
                    "default_group_priority",
                    models.CharField(choices=PRIORITIES, default="normal", max_length=12),
                ),
                ("secret_checksum", models.CharField(max_length=64)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="bots",
                        to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="BotToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("checksum", models.CharField(max_length=64, unique=True)),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("created_at", models.DateTimeField(default=chatplatform.clock.now)),
                (
                    "bot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tokens",
                        to="chatplatform.bot",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CannedResponse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.TextField()),
                ("tags", models.JSONField(default=list)),
                ("is_private", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(default=chatplatform.clock.now)),
                ("updated_at", models.DateTimeField(default=chatplatform.clock.now)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="chatplatform.agent",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="canned_responses",
                        to="chatplatform.group",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="chatplatform.organization",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DeletedGroup",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("emptied", models.BooleanField(default=False)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="chatplatform.organization",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("emptied", False)),
                        fields=["id"],
                        name="deleted_group_full",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "number"), name="deleted_group_number"
                    )
                ],
            },
        ),
    ]
