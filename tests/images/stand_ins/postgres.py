"""Starts PostgreSQL with the settings of its public image: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, PGDATA."""

import os
import pwd
import subprocess
from pathlib import Path

owner = pwd.getpwnam("postgres")
data = Path(os.environ.get("PGDATA") or "/var/lib/postgresql/data/18")
os.setgid(owner.pw_gid)
os.setuid(owner.pw_uid)
os.environ["HOME"] = "/tmp"
if not (data / "PG_VERSION").exists():
    secret = Path("/tmp/secret")
    secret.write_text(os.environ["POSTGRES_PASSWORD"], "utf-8")
    user = os.environ["POSTGRES_USER"]
    subprocess.run(["initdb", "-D", data, "-U", user, "-A", "scram-sha-256", f"--pwfile={secret}"], check=True)
    secret.unlink()
    with (data / "pg_hba.conf").open("a") as rules:
        rules.write("host all all all scram-sha-256\n")
    create = f'CREATE DATABASE "{os.environ["POSTGRES_DB"]}"'
    subprocess.run(["postgres", "--single", "-D", data, "postgres"], input=create, text=True, check=True)
os.execvp("postgres", ["postgres", "-D", str(data), "-h", "*", "--unix_socket_directories="])
