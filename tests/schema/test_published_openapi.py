"""The server keeps what its OpenAPI documents promise, whatever it is sent.

Each wire version is fuzzed on a server of its own, all at once; a test reads what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from chatplatform.api import versions
from tests.live import live_server
from tests.schema.fuzzing import Findings, furnished, fuzz

pytestmark = [pytest.mark.schema, pytest.mark.timeout(600)]

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

Run = tuple[dict[str, Any], dict[str, Findings], str]
"""A version's document, what was found in each of its APIs, and the server's log."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Run]]:
    """Return how to get a version's run; they all began together."""
    with ThreadPoolExecutor(len(versions.VERSIONS)) as pool:
        begun: dict[str, Future[Run]] = {
            version: pool.submit(_run, version, tmp_path_factory.mktemp(f"schema-{version}"))
            for version in versions.VERSIONS
        }
        yield lambda version: begun[version].result()


def _run(version: str, directory: Path) -> Run:
    with live_server(directory, **NO_LIMITS) as server:
        things = furnished(server)
        found = {api: fuzz(server, version, api, directory / api, things) for api in APIS}
        document = requests.get(f"{server.url}/docs/v{version}/openapi.json", timeout=10).json()
        return document, found, server.log.read_text()


def _paths(document: dict[str, Any], api: str) -> set[str]:
    return {path for path in document["paths"] if f"/{api}/action/" in path}


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("version", versions.VERSIONS)
class TestEveryAnswer:
    """Of one API in one wire version."""

    def test_is_what_the_document_says(
        self, run: Callable[[str], Run], version: str, api: str
    ) -> None:
        _, found, _ = run(version)

        assert found[api].exit_code == 0, found[api].output

    def test_was_asked_for_often_of_every_action(
        self, run: Callable[[str], Run], version: str, api: str
    ) -> None:
        document, found, _ = run(version)

        assert set(found[api].answers) == _paths(document, api)
        seldom = {
            path: dict(answers)
            for path, answers in found[api].answers.items()
            if answers.total() < FEWER_CASES.get(path.rpartition("/")[2], CASES_PER_ACTION)
        }
        assert seldom == {}

    def test_was_also_a_success(self, run: Callable[[str], Run], version: str, api: str) -> None:
        """Refusals alone would prove little."""
        _, found, _ = run(version)

        refused = {
            path: dict(answers) for path, answers in found[api].answers.items() if not answers[200]
        }
        assert refused == {}


@pytest.mark.parametrize("version", versions.VERSIONS)
def test_nothing_that_was_sent_made_the_server_fail(
    run: Callable[[str], Run], version: str
) -> None:
    _, _, log = run(version)

    assert "Traceback" not in log
