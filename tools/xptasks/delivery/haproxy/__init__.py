"""HAProxy as the proxy: its configuration, what its runtime socket says and is told, how it is started."""
