import datetime
import uuid

import django.db.models.deletion
from django.db import migrations, models

import chatplatform.clock


class Migration(migrations.Migration):
    dependencies = [
        ("chatplatform", "0005_people"),
    ]

    operations = [
        migrations.CreateModel(
            name="CustomerBan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ip", models.GenericIPAddressField(blank=True, null=True)),
                ("agent_id", models.CharField(max_length=254)),
                ("thread_id", models.CharField(blank=True, max_length=10)),
                ("created_at", models.DateTimeField(default=chatplatform.clock.now)),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="EmailVerification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.EmailField(max_length=254)),
                ("callback_uri", models.CharField(max_length=2048)),
                ("base_url", models.CharField(max_length=255)),
                ("mail_due", models.BooleanField(default=True)),
                ("call_due", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(default=chatplatform.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name="Ticket",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("group_number", models.PositiveIntegerField(default=0)),
                ("form", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(default=chatplatform.clock.now)),
            ],
        ),
        migrations.RemoveIndex(
            model_name="customer",
            name="customer_newest",
        ),
        migrations.AddField(
            model_name="agent",
            name="monitoring_level",
            field=models.CharField(default="my", max_length=10),
        ),
        migrations.AddField(
            model_name="customer",
            name="agent_spoke_at",
            field=models.DateTimeField(
                default=datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.UTC)
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="carts",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="customer",
            name="customer_spoke_at",
            field=models.DateTimeField(
                default=datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.UTC)
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="online_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="customer",
            name="orders_count",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="customer",
            name="tickets_count",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(fields=["organization", "created_at", "id"], name="customer_newest"),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                fields=["organization", "threads_count", "created_at", "id"],
                name="customer_threads",
            ),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                fields=["organization", "visits_count", "created_at", "id"], name="customer_visits"
            ),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                fields=["organization", "agent_spoke_at", "created_at", "id"],
                name="customer_answered",
            ),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                fields=["organization", "customer_spoke_at", "created_at", "id"],
                name="customer_spoke",
            ),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                condition=models.Q(("online_since__isnull", False)),
                fields=["organization", "group_number", "online_since"],
                name="customer_online",
            ),
        ),
        migrations.AddField(
            model_name="customerban",
            name="customer",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="bans",
                to="chatplatform.customer",
            ),
        ),
        migrations.AddField(
            model_name="customerban",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                to="chatplatform.organization",
            ),
        ),
        migrations.AddField(
            model_name="emailverification",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="email_verifications",
                to="chatplatform.customer",
            ),
        ),
        migrations.AddField(
            model_name="ticket",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="tickets",
                to="chatplatform.customer",
            ),
        ),
        migrations.AddIndex(
            model_name="customerban",
            index=models.Index(fields=["organization", "expires_at"], name="ban_running"),
        ),
        migrations.AddIndex(
            model_name="emailverification",
            index=models.Index(
                condition=models.Q(("mail_due", True)), fields=["id"], name="verification_mail"
            ),
        ),
        migrations.AddIndex(
            model_name="emailverification",
            index=models.Index(
                condition=models.Q(("call_due", True)), fields=["id"], name="verification_call"
            ),
        ),
        migrations.AddIndex(
            model_name="emailverification",
            index=models.Index(fields=["created_at"], name="verification_age"),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(fields=["customer", "-created_at"], name="ticket_newest"),
        ),
    ]
