"""Landing, tied together: what people ask for, the queue that lands it, and what follows."""
