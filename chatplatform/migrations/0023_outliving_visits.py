"""What outlives visits: when customers were last here, and finding threads that tell of a visit."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chatplatform", "0022_calls_of_an_organization"),
    ]

    operations = [
        migrations.AddField(
            model_name="customer",
            name="last_seen_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="thread",
            index=models.Index(
                condition=models.Q(("customer_visit", {}), _negated=True),
                fields=["organization", "created_at"],
                name="thread_visit_told",
            ),
        ),
    ]
