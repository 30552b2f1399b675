"""A PostgreSQL server of the test's own: 127.0.0.1, a port and a data folder of its own, never as root, stopped by its own process id."""

import glob
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile


def binaries():
    """The folder with initdb, newest version first; None where PostgreSQL's server is not installed."""
    versions = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda p: float(p.split("/")[4]))
    found = versions[-1] if versions else shutil.which("initdb")
    return pathlib.Path(found).resolve().parent if found else None


class PostgresServer:
    def __init__(self, password):
        self.bin = binaries()
        self.password = password
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="minslice_postgres_"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.user = None
        if os.geteuid() == 0:  # the server refuses to run as root
            self.user = next(name for name in ("postgres", "nobody") if self.known(name))
            os.chown(self.folder, pwd.getpwnam(self.user).pw_uid, -1)
        self.folder.chmod(0o755)

    @staticmethod
    def known(name):
        try:
            return bool(pwd.getpwnam(name))
        except KeyError:
            return False

    def call(self, program, *args):
        command = [str(self.bin / program), *map(str, args)]
        if self.user:
            command = ["runuser", "-u", self.user, "--", *command]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=self.folder,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")

    def __enter__(self):
        secret = self.folder / "password"
        secret.write_text(self.password + "\n")
        if self.user:
            os.chown(secret, pwd.getpwnam(self.user).pw_uid, -1)
        data = self.folder / "data"
        self.call("initdb", "-D", data, "-U", "team", "--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8",
                  "--locale=C", "--no-sync")
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.call("pg_ctl", "-D", data, "-l", self.folder / "server.log", "-w", "-t", 60, "-o", options, "start")
        return self

    def __exit__(self, *_):
        self.call("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def sql(self, text, database="postgres"):
        """The rows as CSV, without a header; NULL as \\N."""
        done = subprocess.run(
            [shutil.which("psql") or str(self.bin / "psql"), "-X", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "team", "-d", database,
             "-v", "ON_ERROR_STOP=1", "--csv", "-t", "-P", "null=\\N", "-c", text],
            capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "PGPASSWORD": self.password})
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr}")
        return done.stdout

    def url(self, database):
        return f"postgres://team:${{EVAL_DB_PASSWORD}}@127.0.0.1:{self.port}/{database}"
