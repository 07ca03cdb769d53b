import pytest

from tests.adopt.test_detect import files
from xptasks.adopt import variables

COMPOSE = """
services:
  web:
    build: .
    environment:
      - DATABASE_URL=postgresql://${DB_USER:-me}:${DB_PASSWORD}@db/x
      - EMPTY
      - NOTHING=${NOWHERE}
      - NEEDED=${NOWHERE:?Variable not set}
  worker:
    build: {context: .}
    environment: {LEVEL: debug, PORT: 80, NONE: null}
  db:
    image: postgres
    environment: {POSTGRES_PASSWORD: secret}
"""
CI = """
env: {LEVEL: ci, ELSEWHERE: x}
jobs:
  test:
    env: {SECRET_KEY: for-tests, TOKEN: "${{ secrets.TOKEN }}"}
    steps: [{run: pytest, env: {PLACE: here}}]
"""


def test_examples_compose_and_workflows() -> None:
    found = variables.find(
        files(
            {
                ".env.example": "DB_PASSWORD=pw\nA=1\nB=\n",
                ".env.test": "A=2\n",
                ".env": "REAL=secret\n",
                "docker-compose.yml": COMPOSE,
                ".github/workflows/ci.yml": CI,
                "app/main.py": "import os\nos.environ['SECRET_KEY']\nplace: str\ntoken = os.getenv('TOKEN')\n",
            }
        ),
        ".",
    )
    assert found == {
        "DB_PASSWORD": "pw",
        "A": "2",
        "DATABASE_URL": "postgresql://me:pw@db/x",
        "LEVEL": "debug",
        "PORT": "80",
        "SECRET_KEY": "for-tests",
        "PLACE": "here",
    }


def test_a_projects_own_values_go_before_those_above_it() -> None:
    found = variables.find(
        files({".env.example": "A=1\nB=1\n", "backend/.env.example": "A=2\n", "other/.env.example": "C=3\n"}), "backend"
    )
    assert found == {"A": "2", "B": "1"}


def test_what_tells_tools_how_to_behave_is_no_setting_of_the_project() -> None:
    env = ".env.example"
    given = "FORCE_COLOR=1\nCI=1\nPYTEST_ADDOPTS=-x\nUV_FROZEN=1\nPYTHONPATH=x\nCITY=x\nPIPELINE=y\n"
    assert variables.find(files({env: given}), ".") == {"CITY": "x", "PIPELINE": "y"}


@pytest.mark.parametrize(
    "text",
    ["", "[", "services: 3", "services: {a: 3}", "services: {a: {build: ., environment: 3}}", "jobs: {a: {steps: 3}}"],
)
def test_what_cannot_be_read_says_nothing(text: str) -> None:
    assert variables.find(files({"compose.yaml": text, ".github/workflows/x.yml": text, "a.py": ""}), ".") == {}
