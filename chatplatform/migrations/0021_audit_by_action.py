"""Find what was done of one kind without reading all that was done."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("chatplatform", "0018_staff_sign_in"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                fields=["organization", "action", "-id"], name="audit_action"
            ),
        ),
    ]
