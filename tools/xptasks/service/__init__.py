"""The project's service as a process: how it is started, when it is ready, how it ends."""
