"""The reference service "projects": its contracts are `contracts/openapi.yaml` and `contracts/asyncapi.yaml`."""
