"""The server keeps what its OpenAPI documents promise, whatever it is sent.

Wire versions are fuzzed on servers of their own, at the same time; a test reads what was found.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from chatplatform.api import versions
from tests.live import live_server
from tests.schema.fuzzing import Findings, fuzz

pytestmark = [pytest.mark.schema, pytest.mark.timeout(3600)]

APIS = ("agent", "customer", "configuration")
CASES_PER_ACTION = 30
FEWER_CASES = {"get_license_id": 1, "get_organization_id": 10}
"""Actions that take one id and nothing else: there is little to make up."""
NO_LIMITS = {
    "RATE_LIMIT_PER_SECOND": "100000",
    "RATE_LIMIT_BURST": "1000000",
    "ADDRESS_LIMIT_PER_SECOND": "100000",
    "ADDRESS_LIMIT_BURST": "1000000",
    "URL_INFO_ALLOWED_HOSTS": "localhost",
}

SHARES = tuple(
    (version, apis)
    for version in reversed(versions.VERSIONS)
    for apis in ((("configuration",), APIS[:2]) if version == versions.NEWEST else (APIS,))
)
"""What is fuzzed on a server of its own, what takes longest first: a version's APIs, the newest's
in two parts."""
AT_ONCE = min(4, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a share: the version's document, findings by API, and the server's log."""

    document: dict[str, Any]
    found: dict[str, Findings]
    log: str


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], Run]]:
    """Return how to get the run that a version's API was part of."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        begun: dict[tuple[str, str], Future[Run]] = {}
        for version, apis in SHARES:
            directory = tmp_path_factory.mktemp(f"schema-{version}-{apis[0]}")
            running = pool.submit(_run, version, apis, directory)
            begun |= {(version, api): running for api in apis}
        yield lambda version, api: begun[version, api].result()


def _run(version: str, apis: tuple[str, ...], directory: Path) -> Run:
    with live_server(directory, **NO_LIMITS) as server:
        things = server.backstage.do(
            "tests.sdk.furnish:furnish", organization_id=server.demo["organization_id"]
        )
        found = {api: fuzz(server, version, api, directory / api, things) for api in apis}
        document = requests.get(f"{server.url}/docs/v{version}/openapi.json", timeout=10).json()
        return Run(document, found, server.log.read_text())


def _paths(document: dict[str, Any], api: str) -> set[str]:
    return {path for path in document["paths"] if f"/{api}/action/" in path}


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("version", versions.VERSIONS)
class TestEveryAnswer:
    """Of one API in one wire version."""

    def test_is_what_the_document_says(
        self, run: Callable[[str, str], Run], version: str, api: str
    ) -> None:
        findings = run(version, api).found[api]

        assert findings.exit_code == 0, findings.output

    def test_was_asked_for_often_of_every_action(
        self, run: Callable[[str, str], Run], version: str, api: str
    ) -> None:
        done = run(version, api)

        asked = done.found[api].answers
        assert set(asked) == _paths(done.document, api)
        seldom = {
            path: dict(answers)
            for path, answers in asked.items()
            if answers.total() < FEWER_CASES.get(path.rpartition("/")[2], CASES_PER_ACTION)
        }
        assert seldom == {}

    def test_was_also_a_success(
        self, run: Callable[[str, str], Run], version: str, api: str
    ) -> None:
        """Refusals alone would prove little."""
        asked = run(version, api).found[api].answers

        refused = {path: dict(answers) for path, answers in asked.items() if not answers[200]}
        assert refused == {}

    def test_did_not_make_the_server_fail(
        self, run: Callable[[str, str], Run], version: str, api: str
    ) -> None:
        assert "Traceback" not in run(version, api).log
