"""OpenAPI and AsyncAPI: loading with positions, validation, and what is derived from them."""
