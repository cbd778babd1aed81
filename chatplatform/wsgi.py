"""What a WSGI server runs: the Web API and the pages, without sockets."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatplatform.settings")
_pages = get_wsgi_application()

from chatplatform import transports  # noqa: E402 - Django comes first
from chatplatform.transports.record_keeper import with_record_keeper  # noqa: E402

transports.start()
application = with_record_keeper(_pages)
