"""Find what an organisation owes its webhooks without reading what all others owe."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chatplatform", "0021_audit_by_action"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["organization"], name="delivery_of"),
        ),
    ]
