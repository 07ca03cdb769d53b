"""Probes over TLS, with a certificate of our own."""

import ssl
import threading
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection, serve

from tests.probes.conftest import Looks, reply, server
from xptasks.probes.result import Trouble


def test_a_certificate_that_nobody_knows(server_tls: ssl.SSLContext) -> None:
    with server(reply(b"{}"), server_tls) as address:
        result = Looks(f"https://{address}", {})("health")
    assert result.trouble is Trouble.TLS
    assert "certificate" in result.detail.lower()


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")


@pytest.mark.usefixtures("trusted")
def test_a_certificate_that_ends_too_soon(server_tls: ssl.SSLContext) -> None:
    with server(reply(b"{}"), server_tls) as address:
        looks = Looks(f"https://{address}", {})
        assert looks("health").detail == ""
        assert looks("health", tls_min_days=9).detail == ""
        result = looks("health", tls_min_days=14)
    assert result.trouble is Trouble.TLS
    assert result.detail.startswith(("the certificate ends in 9.9 days", "the certificate ends in 10.0 days"))


@pytest.mark.usefixtures("trusted")
def test_a_websocket_over_tls(server_tls: ssl.SSLContext) -> None:
    def listen(socket: ServerConnection) -> None:
        list(socket)

    with serve(listen, "127.0.0.1", 0, ssl=server_tls) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        looks = Looks(f"https://127.0.0.1:{listener.socket.getsockname()[1]}", {})
        assert looks("websocket", path="/", tls_min_days=9).detail == ""
        assert looks("websocket", path="/", tls_min_days=14).trouble is Trouble.TLS
        listener.shutdown()


def test_plain_text_where_tls_is_wanted_and_the_other_way_round(server_tls: ssl.SSLContext) -> None:
    with server(reply(b"{}")) as address:
        assert Looks(f"https://{address}", {})("health").trouble is Trouble.TLS
        result = Looks(f"http://{address}", {})("health", tls_min_days=1)
        assert (result.trouble, "not encrypted" in result.detail) == (Trouble.TLS, True)
    with server(reply(b"{}"), server_tls) as address:
        assert Looks(f"http://{address}", {})("health").trouble is Trouble.CONNECT
