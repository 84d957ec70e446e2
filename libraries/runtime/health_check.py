"""`python -m libraries.runtime.health_check`: does the process of this container live? An image has no curl."""

import os
import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Final

SECONDS: Final = 4.0


def fault(port: int) -> str | None:
    """What is wrong with the process that listens on this port of this machine; nothing if it lives."""
    connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", "/health/live")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return f"no answer on port {port}: {type(error).__name__}"
    finally:
        connection.close()
    return None if status == HTTPStatus.OK else f"port {port} answers {status}"


if __name__ == "__main__":
    sys.exit(fault(int(os.environ["YIMEN_HTTP_PORT"])))
