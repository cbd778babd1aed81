"""What belongs to one authorization: its code, its refresh tokens and its access tokens."""

import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chatplatform", "0016_staff_and_records"),
    ]

    operations = [
        migrations.AddField(
            model_name="accesstoken",
            name="family",
            field=models.UUIDField(blank=True, db_index=True, null=True),
        ),
        migrations.AddField(
            model_name="grant",
            name="family",
            field=models.UUIDField(default=uuid.uuid4),
        ),
        migrations.AddField(
            model_name="grant",
            name="used_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="refreshtoken",
            name="scope",
            field=models.TextField(blank=True, default=""),
        ),
    ]
