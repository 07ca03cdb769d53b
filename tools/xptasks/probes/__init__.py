"""Looking at a running service from outside: health, metrics, websocket, API."""
