"""Does what a service says conform to its contracts? Every response over HTTP, every message on a websocket.

    contract = HttpContract.load(Path("contracts/openapi.yaml"))
    for violation in contract.check(Exchange("GET", "/api/projects", 200, headers, body)):
        print(violation)                      # what, where in the body, where in the contract

    talk = MessageContract.load(Path("contracts/asyncapi.yaml"))
    talk.sent("/ws", text)                    # what the service said
    talk.conversation("/ws").sent(text)       # the same, and whether replies fit the messages that asked for them

Services may import this in production: it needs the standard library, PyYAML and jsonschema-rs, and those two only
when a contract is used.
"""

from xptasks.contracts.conform.http import Exchange, HttpContract
from xptasks.contracts.conform.messages import MessageContract
from xptasks.contracts.conform.violation import Violation

__all__ = ["Exchange", "HttpContract", "MessageContract", "Violation"]
