"""How far tests are from changed code."""

from xptasks.landing import impact

TEXTS = {
    "app/__init__.py": "from .prices import gross as g\n",
    "app/prices.py": "import math, json as j\n",
    "app/api.py": "from app import prices\n",
    "app/inner/deep.py": "from ..prices import (\n    gross,\n    net,\n)\n",
    "src/tool/cli.py": "from tool import api\nimport app.api\n",
    "src/tool/api.py": "",
    "tests/test_prices.py": "    from app.prices import gross  # inside of a test\n",
    "tests/test_api.py": "import app.api as api\n",
    "tests/test_cli.py": "from tool.cli import main\n",
    "tests/test_alone.py": "import os\nfrom appendix import prices\n",
}


def test_the_nearest_first() -> None:
    assert impact.distances(TEXTS, ["app/prices.py"]) == {
        "app/prices.py": 0,
        "app/__init__.py": 1,
        "app/api.py": 1,
        "app/inner/deep.py": 1,
        "tests/test_prices.py": 1,
        "src/tool/cli.py": 2,
        "tests/test_api.py": 2,
        "tests/test_cli.py": 3,
    }


def test_below_a_folder_of_sources() -> None:
    assert impact.distances(TEXTS, ["src/tool/api.py"]) == {
        "src/tool/api.py": 0,
        "src/tool/cli.py": 1,
        "tests/test_cli.py": 2,
    }


def test_what_nobody_imports_and_what_is_not_there() -> None:
    assert impact.distances(TEXTS, ["tests/test_alone.py", "gone.py"]) == {"tests/test_alone.py": 0}


def test_circles_end() -> None:
    texts = {"a.py": "import b\n", "b.py": "import a\n"}
    assert impact.distances(texts, ["a.py"]) == {"a.py": 0, "b.py": 1}
