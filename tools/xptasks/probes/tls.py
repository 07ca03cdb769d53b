"""What a TLS connection says of its certificate."""


def certificate_end(connection: object) -> float | None:
    """When the certificate of a connection ends, in seconds since 1970; None without TLS."""
    import ssl  # noqa: PLC0415 - slow to import, and configurations name probes without looking

    if not isinstance(connection, ssl.SSLObject | ssl.SSLSocket):
        return None
    end = (connection.getpeercert() or {}).get("notAfter")
    return float(ssl.cert_time_to_seconds(end)) if isinstance(end, str) else None


def is_tls(error: BaseException) -> bool:
    """Whether TLS is what an exception is about, at the bottom."""
    import ssl  # noqa: PLC0415 - as above

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError | ssl.CertificateError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
