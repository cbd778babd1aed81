"""What a WSGI server runs: the Web API and the pages, without sockets."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatplatform.settings")
application = get_wsgi_application()

from chatplatform import transports  # noqa: E402 - Django comes first

transports.start()
