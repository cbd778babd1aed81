"""Room on each page of chats, so that a message rewrites its chat's row in place.

Every message updates its chat. PostgreSQL spares the indexes that work only where the page has room
for another version of the row, and pages are written full unless told otherwise.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def leave_room(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE chatplatform_chat SET (fillfactor = 60)")


def leave_none(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE chatplatform_chat RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [
        ("chatplatform", "0008_events"),
    ]

    operations = [
        migrations.RunPython(leave_room, leave_none),
    ]
