"""What the Configuration API keeps of the widget's phrases, and of deleted greetings."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("chatplatform", "0013_company")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Translation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("language", models.CharField(max_length=16)),
                ("phrases", models.JSONField(default=dict)),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="translations",
                        to="chatplatform.group",
                    ),
                ),
            ],
            options={
                "constraints": (
                    models.UniqueConstraint(
                        fields=("group", "language"), name="translation_language"
                    ),
                ),
            },
        ),
        migrations.AlterField(
            model_name="showngreeting",
            name="greeting",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="showings",
                to="chatplatform.greeting",
            ),
        ),
    ]
