"""What a change loosens about its own gate: in `xpconfig.toml`, in the tools' settings, in tests, by files. Pure."""
