"""The history's schema, one file a step, applied by alembic; `migrating` runs them."""
