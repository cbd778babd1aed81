"""The official Python SDK's webhook parser, given bodies as they are sent.

Runs in an environment that holds the SDK and nothing of ours:
``python parse_webhooks.py VERSION BODIES.json``. Prints for each body whether it was parsed into
what it says: ``null``, or the parser's reason.
"""

import dataclasses
import json
import sys

from livechat.webhooks.parser import parse_webhook


def refusal(body, version):
    """Return why the parser refuses a body; None when it reads all of it."""
    try:
        parsed = parse_webhook(json.loads(json.dumps(body)), version)
    except ValueError as error:
        return str(error)
    said = {
        name: value
        for name, value in dataclasses.asdict(parsed.payload).items()
        if name in body["payload"]
    }
    assert said == body["payload"], said
    assert parsed.action == body["action"]
    assert parsed.additional_data == body["additional_data"]
    return None


def main(version, path):
    """Parse every body in the file."""
    with open(path) as file:
        bodies = json.load(file)
    print(json.dumps([refusal(body, version) for body in bodies]))


main(*sys.argv[1:])
