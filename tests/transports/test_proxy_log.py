"""What the proxy we recommend writes down of requests: never what a query carries."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

CONFIGURATION = (settings.BASE_DIR / "deploy" / "nginx.conf").read_text()
FORMAT = re.compile(r"log_format (\w+) ([^;]+);")
QUERIES = {
    "request",
    "request_uri",
    "args",
    "query_string",
    "is_args",
    "http_referer",
    "http_authorization",
    "http_cookie",
}
"""What nginx knows a request's query by, the page's it came from, and what proves who asks."""


def test_the_format_names_no_query() -> None:
    ((_, line),) = FORMAT.findall(CONFIGURATION)
    named = set(re.findall(r"\$\{?(\w+)", line))

    assert {"request_method", "path_alone", "status"} <= named
    assert not {one for one in named if one in QUERIES or one.startswith(("arg_", "cookie_"))}


def test_the_path_ends_where_the_query_begins() -> None:
    block = CONFIGURATION.partition("map $request_uri $path_alone {")[2].partition("}")[0]
    (pattern,) = re.findall(r"~(\S+) \$alone;", block)

    found = re.match(pattern.replace("(?<", "(?P<"), "/v2/info?code=us-south1:secret")

    assert found is not None
    assert found["alone"] == "/v2/info"


def test_every_server_writes_in_that_format_or_nothing() -> None:
    ((name, _),) = FORMAT.findall(CONFIGURATION)
    servers = CONFIGURATION.split("\nserver {\n")[1:]

    logs = [re.findall(r"^    access_log ([^;]+);", one, re.MULTILINE) for one in servers]

    assert logs == [[f"/var/log/nginx/access.log {name}"], ["off"]]


@pytest.mark.parametrize(
    "path",
    [
        "/v2/token",
        "/v2/info",
        "/v2/customer/info",
        "/customer/info",
        "/account/provider/google/callback/",
        "/account/invitation/secret/",
        "/account/password/new/secret/",
        "/account/address/prove/secret/",
        "/customer/verify_email/secret",
    ],
)
def test_where_a_token_stands_in_the_address_errors_name_it_neither(path: str) -> None:
    silent = re.findall(
        r"location ~ (\S+) \{\s+access_log off;\s+error_log /var/log/nginx/error.log crit;",
        CONFIGURATION,
    )

    assert any(re.search(pattern, path) for pattern in silent)
