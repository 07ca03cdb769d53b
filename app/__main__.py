"""`python -m app --port 8000`: serve until SIGTERM or Ctrl-C, finish what runs, say goodbye and exit with 0."""

import argparse
import signal
import sys

import uvicorn
from pydantic import ValidationError

# A request that runs longer than this after SIGTERM is cut off.
DRAIN_SECONDS = 30
MAX_MESSAGE = 64 * 1024


def main() -> None:
    """Serve. Exit codes: 0 after a signal, 2 for a wrong setting, 3 when the port cannot be opened."""
    parser = argparse.ArgumentParser(prog="python -m app", description="Serve the reference service.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    # uvicorn repeats the signal for the handler that it found: having drained, this process ended well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        from app.main import app  # noqa: PLC0415 - reads the settings, whose mistakes are told below
    except ValidationError as error:
        parser.exit(2, _explain(error))
    uvicorn.run(
        app,
        host=arguments.host,
        port=arguments.port,
        log_config=None,
        access_log=False,
        ws_max_size=MAX_MESSAGE,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


def _explain(error: ValidationError) -> str:
    return "".join(f"PROJECTS_{str(found['loc'][0]).upper()}: {found['msg']}\n" for found in error.errors())


if __name__ == "__main__":
    main()
