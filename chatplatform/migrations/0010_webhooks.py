from typing import Any

import chatplatform.clock
import chatplatform.encryption
import chatplatform.ids
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def install_all(apps: Any, schema_editor: Any) -> None:
    """Note every application as installed on its own organisation's licence."""
    installation = apps.get_model("chatplatform", "Installation")
    for application in apps.get_model("chatplatform", "Application").objects.iterator():
        installation.objects.create(
            organization_id=application.organization_id, application=application
        )


class Migration(migrations.Migration):

    dependencies = [
        ('chatplatform', '0009_room_for_chats'),
    ]

    operations = [
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.CharField(default=chatplatform.ids.opaque_id, max_length=32, primary_key=True, serialize=False)),
                ('action', models.CharField(max_length=64)),
                ('kind', models.CharField(choices=[('license', 'License'), ('bot', 'Bot')], max_length=8)),
                ('secret_key', chatplatform.encryption.EncryptedTextField()),
                ('description', models.CharField(blank=True, max_length=1024)),
                ('filters', models.JSONField(blank=True, default=dict)),
                ('additional_data', models.JSONField(blank=True, default=list)),
                ('version', models.CharField(max_length=8)),
                ('created_at', models.DateTimeField(default=chatplatform.clock.now)),
                ('application', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='webhooks', to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('action', models.CharField(max_length=64)),
                ('event', models.JSONField()),
                ('cause', models.JSONField(default=dict)),
                ('body', models.JSONField(null=True)),
                ('occurred_at', models.DateTimeField(default=chatplatform.clock.now)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('delivered', 'Delivered'), ('failed', 'Failed')], default='waiting', max_length=9)),
                ('attempts_count', models.PositiveSmallIntegerField(default=0)),
                ('due_at', models.DateTimeField(default=chatplatform.clock.now)),
                ('finished_at', models.DateTimeField(null=True)),
                ('organization', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, to='chatplatform.organization')),
                ('webhook', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='chatplatform.webhook')),
            ],
        ),
        migrations.CreateModel(
            name='WebhookAttempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('started_at', models.DateTimeField()),
                ('seconds', models.FloatField()),
                ('status', models.PositiveSmallIntegerField(null=True)),
                ('answer', models.TextField(blank=True)),
                ('error', models.CharField(blank=True, max_length=255)),
                ('delivery', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attempts', to='chatplatform.webhookdelivery')),
            ],
        ),
        migrations.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.CharField(max_length=500)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('failing_since', models.DateTimeField(blank=True, null=True)),
                ('open_at', models.DateTimeField(default=chatplatform.clock.now)),
                ('answer_seconds', models.FloatField(default=0.0)),
                ('disabled_at', models.DateTimeField(blank=True, null=True)),
                ('application', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL)),
            ],
        ),
        migrations.AddField(
            model_name='webhookdelivery',
            name='endpoint',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, to='chatplatform.webhookendpoint'),
        ),
        migrations.AddField(
            model_name='webhook',
            name='endpoint',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='webhooks', to='chatplatform.webhookendpoint'),
        ),
        migrations.CreateModel(
            name='WebhookListener',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', models.CharField(max_length=64)),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='chatplatform.webhookendpoint')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='chatplatform.organization')),
                ('webhook', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='listeners', to='chatplatform.webhook')),
            ],
        ),
        migrations.CreateModel(
            name='Installation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('webhooks_enabled', models.BooleanField(default=True)),
                ('installed_at', models.DateTimeField(default=chatplatform.clock.now)),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('application', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='installations', to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='installations', to='chatplatform.organization')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organization', 'application'), name='installed_once')],
            },
        ),
        migrations.AddConstraint(
            model_name='webhookendpoint',
            constraint=models.UniqueConstraint(fields=('application', 'url'), name='endpoint_once'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['endpoint', 'due_at'], name='delivery_due'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(condition=models.Q(('finished_at__isnull', False)), fields=['finished_at'], name='delivery_finished'),
        ),
        migrations.AddIndex(
            model_name='webhook',
            index=models.Index(fields=['application', 'action'], name='webhook_action'),
        ),
        migrations.AddConstraint(
            model_name='webhooklistener',
            constraint=models.UniqueConstraint(fields=('organization', 'action', 'webhook'), name='webhook_listens_once'),
        ),
        migrations.RunPython(install_all, migrations.RunPython.noop),
    ]
