from pathlib import Path

import pytest

from xptasks import config
from xptasks.service.settings import ServiceSettings

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def project() -> Path:
    return PROJECT


@pytest.fixture
def repository_service() -> ServiceSettings:
    return config.load(PROJECT, environ={}).config.service
