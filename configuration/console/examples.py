"""Programs to be copied: each asks for the organisation's agents with a personal access token."""

from __future__ import annotations

import base64
from typing import Final, NamedTuple
from urllib.parse import urlsplit

VERSION: Final = "3.6"
PATH: Final = f"/v{VERSION}/configuration/action/list_agents"


class Example(NamedTuple):
    """A program; ``key`` names it in the page, ``title`` for people."""

    key: str
    title: str
    code: str


_CURL: Final = """\
curl -X POST '{url}' \\
  -u '{account_id}:{token}' \\
  -H 'Content-Type: application/json' \\
  -d '{{}}'
"""

_PYTHON_SDK: Final = """\
# pip install lc-sdk-python
from livechat.configuration import ConfigurationApi

api = ConfigurationApi.get_client(
    token="Basic {basic}",
    version="{version}",
    base_url="{host}",
)
print(api.list_agents().text)
"""

_PYTHON: Final = """\
# lc-sdk-python speaks https only; over http, Python's own library will do.
import urllib.request

request = urllib.request.Request(
    "{url}",
    data=b"{{}}",
    headers={{
        "Authorization": "Basic {basic}",
        "Content-Type": "application/json",
    }},
)
with urllib.request.urlopen(request) as answer:
    print(answer.read().decode())
"""

_JAVASCRIPT: Final = """\
// Node.js 18 or newer, or a browser.
fetch("{url}", {{
  method: "POST",
  headers: {{
    Authorization: "Basic {basic}",
    "Content-Type": "application/json",
  }},
  body: "{{}}",
}})
  .then((answer) => answer.json())
  .then((agents) => console.log(JSON.stringify(agents)));
"""

_GO: Final = """\
package main

import (
\t"fmt"
\t"io"
\t"net/http"
\t"strings"
)

func main() {{
\trequest, err := http.NewRequest("POST",
\t\t"{url}",
\t\tstrings.NewReader("{{}}"))
\tif err != nil {{
\t\tpanic(err)
\t}}
\trequest.SetBasicAuth("{account_id}", "{token}")
\trequest.Header.Set("Content-Type", "application/json")
\tanswer, err := http.DefaultClient.Do(request)
\tif err != nil {{
\t\tpanic(err)
\t}}
\tdefer answer.Body.Close()
\tbody, err := io.ReadAll(answer.Body)
\tif err != nil {{
\t\tpanic(err)
\t}}
\tfmt.Println(string(body))
}}
"""


def examples(base_url: str, account_id: str, token: str) -> list[Example]:
    """Return the programs for the server at ``base_url`` (scheme and host), ready to run."""
    address = urlsplit(base_url)
    values = {
        "url": base_url + PATH,
        "host": address.netloc,
        "version": VERSION,
        "account_id": account_id,
        "token": token,
        "basic": base64.b64encode(f"{account_id}:{token}".encode()).decode(),
    }
    python = _PYTHON_SDK if address.scheme == "https" else _PYTHON
    return [
        Example("curl", "curl", _CURL.format(**values)),
        Example("python", "Python", python.format(**values)),
        Example("javascript", "JavaScript", _JAVASCRIPT.format(**values)),
        Example("go", "Go", _GO.format(**values)),
    ]
