"""CI files made from `xpconfig.toml`, and the checks that keep them from being weakened."""
