import chatplatform.clock
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chatplatform", "0007_greetings"),
    ]

    operations = [
        migrations.AddField(
            model_name="event",
            name="deleted",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="uploadedfile",
            name="origin",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="uploadedfile",
            name="thumbnail_of",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="thumbnails",
                to="chatplatform.uploadedfile",
            ),
        ),
        migrations.AddField(
            model_name="uploadedfile",
            name="thumbnails_due_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="uploadedfile",
            index=models.Index(
                condition=models.Q(("thumbnails_due_at__isnull", False)),
                fields=["thumbnails_due_at"],
                name="file_thumbnails_due",
            ),
        ),
        migrations.CreateModel(
            name="FileUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "event",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="file_use",
                        to="chatplatform.event",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="uses",
                        to="chatplatform.uploadedfile",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TranscriptMail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.CharField(max_length=254)),
                ("asked_by_customer", models.BooleanField()),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=chatplatform.clock.now)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="chatplatform.organization"
                    ),
                ),
                (
                    "thread",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="transcript_mails",
                        to="chatplatform.thread",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)),
                        fields=["due_at"],
                        name="transcript_due",
                    ),
                    models.Index(
                        fields=["organization", "email", "created_at"], name="transcript_address"
                    ),
                ],
            },
        ),
    ]
