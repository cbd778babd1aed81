"""Count wrong codes of second factors apart from wrong passwords."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chatplatform", "0025_calls_in_order"),
    ]

    operations = [
        migrations.AddField(
            model_name="account",
            name="failed_codes",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="account",
            name="codes_locked_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
