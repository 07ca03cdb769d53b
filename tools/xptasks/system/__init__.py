"""The only door to the machine: processes, files, git, clock, http."""
