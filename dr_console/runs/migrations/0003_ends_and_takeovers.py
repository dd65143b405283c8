from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('runs', '0002_stored_preview'),
    ]

    operations = [
        migrations.AddField(
            model_name='approval',
            name='expires_seconds',
            field=models.PositiveIntegerField(blank=True, help_text='From the question on.', null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='ends_as',
            field=models.CharField(blank=True, help_text='What it becomes once nothing runs any more.', max_length=26),
        ),
        migrations.AddField(
            model_name='step',
            name='takeovers',
            field=models.PositiveSmallIntegerField(default=0, help_text='How often its owner was gone in the middle.'),
        ),
    ]
