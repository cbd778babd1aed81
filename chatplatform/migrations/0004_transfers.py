from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chatplatform", "0003_archives"),
    ]

    operations = [
        migrations.AddField(
            model_name="chat",
            name="idle",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="chat",
            name="unreplied",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="group",
            name="queue_closed",
            field=models.BooleanField(default=False),
        ),
    ]
