"""The pytest plugin: every answer of the service that a test gets is held against the contracts.

It comes with xptasks as an entry point and does nothing without an `xpconfig.toml` whose `[contracts]` names documents.
This module is imported by every pytest that has xptasks installed, so that it imports next to nothing.
"""

import os

import pytest

NAME = "xptasks-conform"
MARKER = "no_contract(reason): answers of the service in this test are not held against the contracts"
REPORT = "XPTASKS_CONFORMANCE"
"""The variable that names the file for the report, as `--contract-report` does; the test steps set it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options, all with defaults that suit a project of one service."""
    parser.addini("contract_conformance", "hold answers of the service against [contracts]", "bool", default=True)
    parser.addini("contract_paths", "folders of the tests that are watched; all without", "linelist", default=[])
    parser.addini("contract_urls", "URLs beside this machine's where the service under test answers", "linelist")
    parser.addini("contract_ignore", "globs of paths that the contracts need not know", "linelist", default=[
        "/docs*", "/redoc*", "/openapi.json", "/favicon.ico",
    ])  # fmt: skip
    group = parser.getgroup("xptasks")
    group.addoption("--contract-report", metavar="FILE", help="write as JSON which operations the tests touched")


def pytest_configure(config: pytest.Config) -> None:
    """Register the watch where there is something to watch."""
    config.addinivalue_line("markers", MARKER)
    file = os.path.join(config.rootpath, "xpconfig.toml")  # noqa: PTH118 - every pytest passes here
    report = os.environ.pop(REPORT, "")  # tests that start pytest themselves must not write our report
    if not config.getini("contract_conformance") or not os.path.isfile(file):  # noqa: PTH113 - as above
        return
    from xptasks.contracts.conform.pytest_watch import watch  # noqa: PLC0415 - only where it is used

    watcher = watch(config, config.getoption("--contract-report") or report)
    if watcher is not None:
        config.pluginmanager.register(watcher, NAME)
