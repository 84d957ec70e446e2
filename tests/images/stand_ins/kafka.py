"""Starts Apache Kafka with the settings of its public image: KAFKA_LOG_DIRS is log.dirs; and says when it listens."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

JAVA = ["java", "-Xmx512m", "-cp", "/opt/kafka/*"]
OF_THE_IMAGE = {"KAFKA_VERSION", "KAFKA_HOME"}

settings = {
    name.removeprefix("KAFKA_").lower().replace("_", "."): value
    for name, value in os.environ.items()
    if name.startswith("KAFKA_") and name not in OF_THE_IMAGE
}
properties = Path("/tmp/server.properties")
properties.write_text("\n".join(f"{name}={value}" for name, value in settings.items()), "utf-8")
identity = os.environ.get("CLUSTER_ID") or "5L6g3nShT-eMCtK--X86sw"
subprocess.run([*JAVA, "kafka.tools.StorageTool", "format", "-g", "-t", identity, "-c", properties], check=True)
broker = subprocess.Popen([*JAVA, "kafka.Kafka", properties])
signal.signal(signal.SIGTERM, lambda *_: broker.terminate())
port = int(re.findall(r"PLAINTEXT://[^:]*:(\d+)", settings["listeners"])[0])
while broker.poll() is None:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        sys.stdout.write("Kafka Server started\n")
        sys.stdout.flush()
        break
    time.sleep(0.2)
sys.exit(broker.wait())
