"""Go through what an organisation owes its webhooks a part at a time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chatplatform", "0024_last_seen_of_old"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="webhookdelivery", name="delivery_of"),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["organization", "id"], name="delivery_of"),
        ),
    ]
