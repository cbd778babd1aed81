import chatplatform.clock
import chatplatform.models.archives
import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

# Without `fastupdate`: searches would have to read whatever waits to be sorted in.
_POSTGRESQL = (
    (
        "CREATE INDEX archive_entry_terms ON chatplatform_archiveentry USING gin (terms)"
        " WITH (fastupdate = off)",
        "DROP INDEX archive_entry_terms",
    ),
    (
        "CREATE INDEX thread_lists ON chatplatform_thread USING gin"
        " (group_ids jsonb_path_ops, user_ids jsonb_path_ops, tags jsonb_path_ops)"
        " WITH (fastupdate = off)",
        "DROP INDEX thread_lists",
    ),
)

_SQLITE = (
    (
        "CREATE VIRTUAL TABLE chatplatform_archivewords USING fts5("
        "terms, content='chatplatform_archiveentry', content_rowid='id',"
        " tokenize='ascii', detail=none)",
        "DROP TABLE chatplatform_archivewords",
    ),
    (
        "CREATE TRIGGER archive_entry_added AFTER INSERT ON chatplatform_archiveentry BEGIN"
        " INSERT INTO chatplatform_archivewords(rowid, terms) VALUES (new.id, new.terms); END",
        "DROP TRIGGER archive_entry_added",
    ),
    (
        "CREATE TRIGGER archive_entry_gone AFTER DELETE ON chatplatform_archiveentry BEGIN"
        " INSERT INTO chatplatform_archivewords(chatplatform_archivewords, rowid, terms)"
        " VALUES ('delete', old.id, old.terms); END",
        "DROP TRIGGER archive_entry_gone",
    ),
    (
        "CREATE TRIGGER archive_entry_changed AFTER UPDATE OF terms ON chatplatform_archiveentry"
        " BEGIN INSERT INTO chatplatform_archivewords(chatplatform_archivewords, rowid, terms)"
        " VALUES ('delete', old.id, old.terms);"
        " INSERT INTO chatplatform_archivewords(rowid, terms) VALUES (new.id, new.terms); END",
        "DROP TRIGGER archive_entry_changed",
    ),
)


def _statements(schema_editor):
    return _POSTGRESQL if schema_editor.connection.vendor == "postgresql" else _SQLITE


def make_indexes(apps, schema_editor):
    for statement, _ in _statements(schema_editor):
        schema_editor.execute(statement)


def drop_indexes(apps, schema_editor):
    for _, statement in reversed(_statements(schema_editor)):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("chatplatform", "0002_properties"),
    ]

    operations = [
        migrations.AddField(
            model_name="chat",
            name="anonymized",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="thread",
            name="archived",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="thread",
            name="summary",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="thread",
            index=models.Index(fields=["organization", "created_at", "id"], name="thread_newest"),
        ),
        migrations.AddIndex(
            model_name="thread",
            index=models.Index(
                condition=models.Q(("archived", False)), fields=["id"], name="thread_unarchived"
            ),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                models.F("organization"),
                django.db.models.functions.text.Lower("email"),
                name="customer_email",
            ),
        ),
        migrations.CreateModel(
            name="Tag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=255)),
                ("group_ids", models.JSONField(default=list)),
                ("author_id", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField(default=chatplatform.clock.now)),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="chatplatform.organization",
                    ),
                ),
            ],
            options={
                "constraints": (
                    models.UniqueConstraint(
                        models.F("organization"),
                        django.db.models.functions.text.Lower("name"),
                        name="tag_name_any_case",
                    ),
                ),
            },
        ),
        migrations.CreateModel(
            name="ArchiveEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sequence", models.PositiveBigIntegerField()),
                ("terms", chatplatform.models.archives.TermsField()),
                ("indexed_at", models.DateTimeField()),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="chatplatform.organization",
                    ),
                ),
                (
                    "thread",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="archive_entry",
                        to="chatplatform.thread",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ArchiveFact",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=16)),
                ("value", models.CharField(max_length=254)),
                ("happened_at", models.DateTimeField()),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="chatplatform.organization",
                    ),
                ),
                (
                    "thread",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="archive_facts",
                        to="chatplatform.thread",
                    ),
                ),
            ],
            options={
                "indexes": (
                    models.Index(
                        fields=["organization", "kind", "value", "thread"],
                        name="archive_fact_value",
                    ),
                ),
                "constraints": (
                    models.UniqueConstraint(
                        fields=("thread", "kind", "value"), name="archive_fact_once"
                    ),
                ),
            },
        ),
        migrations.CreateModel(
            name="SummaryRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("agent_id", models.CharField(blank=True, max_length=254)),
                ("due_at", models.DateTimeField(db_index=True, default=chatplatform.clock.now)),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="chatplatform.organization",
                    ),
                ),
                (
                    "thread",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="summary_request",
                        to="chatplatform.thread",
                    ),
                ),
            ],
        ),
        migrations.RunPython(make_indexes, drop_indexes, elidable=False),
    ]
