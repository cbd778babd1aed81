from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import chatplatform.clock

INDEXED = ("chatplatform_chat", "chatplatform_thread")

PROPERTY_NAMES = """
CREATE FUNCTION chatplatform_property_names(properties jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(
    SELECT space.key || '.' || name
    FROM jsonb_each(properties) AS space(key, held),
        jsonb_object_keys(CASE WHEN jsonb_typeof(held) = 'object' THEN held ELSE '{}' END) AS name
)
"""


def index_properties(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let filters find chats and threads by a property's value, and by its being set.

    SQLite has no such indexes.
    """
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute(PROPERTY_NAMES)
    for table in INDEXED:
        schema_editor.execute(
            f"CREATE INDEX {table}_properties ON {table} USING gin (properties jsonb_path_ops)"
        )
        schema_editor.execute(
            f"CREATE INDEX {table}_property_names ON {table}"
            " USING gin (chatplatform_property_names(properties))"
        )


def drop_indexes(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in INDEXED:
        schema_editor.execute(f"DROP INDEX {table}_properties, {table}_property_names")
    schema_editor.execute("DROP FUNCTION chatplatform_property_names(jsonb)")


class Migration(migrations.Migration):
    dependencies = [
        ("chatplatform", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="PropertyDefinition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("namespace", models.CharField(max_length=100)),
                ("name", models.CharField(max_length=100)),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("int", "Int"),
                            ("bool", "Bool"),
                            ("string", "String"),
                            ("tokenized_string", "Tokenized String"),
                        ],
                        max_length=16,
                    ),
                ),
                ("access", models.JSONField()),
                ("domain", models.JSONField(null=True)),
                ("range", models.JSONField(null=True)),
                ("default_value", models.JSONField(null=True)),
                ("description", models.CharField(blank=True, max_length=1000)),
                ("public_access", models.JSONField(null=True)),
                ("created_at", models.DateTimeField(default=chatplatform.clock.now)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=models.deletion.CASCADE,
                        related_name="property_definitions",
                        to="chatplatform.organization",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "namespace", "name"), name="property_name"
                    )
                ],
            },
        ),
        migrations.RunPython(index_properties, drop_indexes),
    ]
