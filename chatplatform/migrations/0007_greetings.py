import chatplatform.clock
import chatplatform.ids
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chatplatform", "0006_customers"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccessRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        default=chatplatform.ids.opaque_id, max_length=32, unique=True
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("description", models.CharField(blank=True, max_length=1024)),
                ("group_ids", models.JSONField()),
                ("conditions", models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name="AllowedDomain",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("domain", models.CharField(max_length=255)),
            ],
        ),
        migrations.CreateModel(
            name="Form",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("prechat", "Prechat"),
                            ("postchat", "Postchat"),
                            ("ticket", "Ticket"),
                            ("ask_for_email", "Ask For Email"),
                        ],
                        max_length=16,
                    ),
                ),
                ("public_id", models.CharField(default=chatplatform.ids.opaque_id, max_length=32)),
                ("enabled", models.BooleanField()),
                ("fields", models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name="Goal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=255)),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("url", "Url"),
                            ("session_field", "Session Field"),
                            ("api", "Api"),
                        ],
                        max_length=16,
                    ),
                ),
                ("active", models.BooleanField(default=True)),
                ("operator", models.CharField(blank=True, max_length=16)),
                ("key", models.CharField(blank=True, max_length=255)),
                ("value", models.CharField(blank=True, max_length=2048)),
            ],
        ),
        migrations.CreateModel(
            name="Greeting",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "type",
                    models.CharField(
                        choices=[("normal", "Normal"), ("announcement", "Announcement")],
                        max_length=16,
                    ),
                ),
                ("name", models.CharField(max_length=255)),
                ("active", models.BooleanField()),
                ("active_from", models.DateTimeField(blank=True, null=True)),
                ("active_until", models.DateTimeField(blank=True, null=True)),
                ("rules", models.JSONField(default=list)),
                ("properties", models.JSONField(blank=True, default=dict)),
                ("rich_message", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField(default=chatplatform.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name="ReachedGoal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reached_at", models.DateTimeField(default=chatplatform.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name="RequestedWelcome",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField()),
                ("group_number", models.PositiveIntegerField()),
                ("agent_id", models.CharField(max_length=254)),
                ("text", models.CharField(blank=True, max_length=4096)),
                ("created_at", models.DateTimeField(default=chatplatform.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name="ShownGreeting",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "unique_id",
                    models.CharField(default=chatplatform.ids.chat_id, max_length=10, unique=True),
                ),
                ("content", models.JSONField()),
                ("current", models.BooleanField(default=True)),
                ("clicked_buttons", models.JSONField(default=list)),
                ("shown_at", models.DateTimeField(default=chatplatform.clock.now)),
                ("accepted_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="WelcomeMessage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.CharField(max_length=4096)),
            ],
        ),
        migrations.AddField(
            model_name="customer",
            name="access_group_ids",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="customer",
            name="greetings_accepted_count",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="customer",
            name="greetings_converted_count",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="customer",
            name="greetings_shown_count",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="visit",
            name="asked_group",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="visit",
            name="greetings_due_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="visit",
            name="pages_count",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddIndex(
            model_name="visit",
            index=models.Index(
                condition=models.Q(("greetings_due_at__isnull", False)),
                fields=["greetings_due_at"],
                name="visit_greetings_due",
            ),
        ),
        migrations.AddField(
            model_name="accessrule",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="access_rules",
                to="chatplatform.organization",
            ),
        ),
        migrations.AddField(
            model_name="alloweddomain",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="allowed_domains",
                to="chatplatform.organization",
            ),
        ),
        migrations.AddField(
            model_name="form",
            name="group",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="forms",
                to="chatplatform.group",
            ),
        ),
        migrations.AddField(
            model_name="form",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="forms",
                to="chatplatform.organization",
            ),
        ),
        migrations.AddField(
            model_name="goal",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="goals",
                to="chatplatform.organization",
            ),
        ),
        migrations.AddField(
            model_name="greeting",
            name="group",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="greetings",
                to="chatplatform.group",
            ),
        ),
        migrations.AddField(
            model_name="greeting",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="greetings",
                to="chatplatform.organization",
            ),
        ),
        migrations.AddField(
            model_name="reachedgoal",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="reached_goals",
                to="chatplatform.customer",
            ),
        ),
        migrations.AddField(
            model_name="reachedgoal",
            name="goal",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="reached",
                to="chatplatform.goal",
            ),
        ),
        migrations.AddField(
            model_name="reachedgoal",
            name="thread",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="reached_goals",
                to="chatplatform.thread",
            ),
        ),
        migrations.AddField(
            model_name="reachedgoal",
            name="visit",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="chatplatform.visit",
            ),
        ),
        migrations.AddField(
            model_name="requestedwelcome",
            name="customer",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="requested_welcome",
                to="chatplatform.customer",
            ),
        ),
        migrations.AddField(
            model_name="showngreeting",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="shown_greetings",
                to="chatplatform.customer",
            ),
        ),
        migrations.AddField(
            model_name="showngreeting",
            name="greeting",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="showings",
                to="chatplatform.greeting",
            ),
        ),
        migrations.AddField(
            model_name="showngreeting",
            name="thread",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="chatplatform.thread",
            ),
        ),
        migrations.AddField(
            model_name="showngreeting",
            name="visit",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="chatplatform.visit",
            ),
        ),
        migrations.AddField(
            model_name="welcomemessage",
            name="group",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="welcome_message",
                to="chatplatform.group",
            ),
        ),
        migrations.AddIndex(
            model_name="accessrule",
            index=models.Index(fields=["organization", "position"], name="access_rule_order"),
        ),
        migrations.AddConstraint(
            model_name="alloweddomain",
            constraint=models.UniqueConstraint(
                fields=("organization", "domain"), name="allowed_domain_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="form",
            constraint=models.UniqueConstraint(fields=("group", "type"), name="form_one_of_a_type"),
        ),
        migrations.AddConstraint(
            model_name="form",
            constraint=models.UniqueConstraint(
                fields=("organization", "public_id"), name="form_public_id"
            ),
        ),
        migrations.AddIndex(
            model_name="goal",
            index=models.Index(
                condition=models.Q(("active", True)),
                fields=["organization", "id"],
                name="goal_active",
            ),
        ),
        migrations.AddIndex(
            model_name="greeting",
            index=models.Index(
                condition=models.Q(("active", True)), fields=["group", "id"], name="greeting_active"
            ),
        ),
        migrations.AddConstraint(
            model_name="reachedgoal",
            constraint=models.UniqueConstraint(fields=("visit", "goal"), name="goal_once_a_visit"),
        ),
        migrations.AddConstraint(
            model_name="showngreeting",
            constraint=models.UniqueConstraint(
                fields=("visit", "greeting"), name="greeting_once_a_visit"
            ),
        ),
        migrations.AddConstraint(
            model_name="showngreeting",
            constraint=models.UniqueConstraint(
                condition=models.Q(("current", True)),
                fields=("customer",),
                name="greeting_one_current",
            ),
        ),
    ]
