"""A real sshd, which lets in the holder of a key: to a shell, and as `switch` to a command line like a switch's."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sentinel.playbook.settings import CommandSettings, DeviceSettings

SSHD = shutil.which("sshd") or shutil.which("/usr/sbin/sshd")
PORTS = r"GigabitEthernet1/0/([1-9]|1[0-9])"
ISOLATE = CommandSettings(
    "isolate-port", ("system-view", "interface {1}", "shutdown", "quit"), (PORTS,), typed=True
)
RESTORE = CommandSettings(
    "restore-port", ("system-view", "interface {1}", "undo shutdown", "quit"), (PORTS,), typed=True
)
SWITCH = """#!{python}
import sys
print("<switch>", flush=True)
for line in sys.stdin:
    line = line.strip()
    with open({typed!r}, "a") as file:
        file.write(line + "\\n")
    if line == "quit":
        break
    print("Error: Unrecognized command found at '^' position." if line == "bogus" else "[switch]", flush=True)
"""


class SecureShell:
    """Listens on a port of its own until `stop`."""

    def __init__(self, folder: Path) -> None:
        if os.geteuid() or SSHD is None:
            pytest.skip("sshd and root are needed")
        self.folder = folder
        self.typed = folder / "typed"
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd puts what has no rights
        for name in ("host", "shell", "switch", "stranger"):
            command = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
            subprocess.run(command, check=True)
        program = folder / "switch.py"
        program.write_text(SWITCH.format(python=sys.executable, typed=str(self.typed)))
        program.chmod(0o755)
        keys = [(folder / f"{name}.pub").read_text() for name in ("shell", "switch")]
        (folder / "authorized").write_text(f'{keys[0]}command="{program}" {keys[1]}')
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        (folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
            "PermitRootLogin prohibit-password\nStrictModes no\nUsePAM no\nPidFile none\n"
        )
        with (folder / "sshd.log").open("wb") as log:
            self._process = subprocess.Popen([SSHD, "-D", "-e", "-f", folder / "sshd_config"], stderr=log)
        end = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                assert self._process.poll() is None and time.monotonic() < end, self.log
                time.sleep(0.02)

    @property
    def log(self) -> str:
        return (self.folder / "sshd.log").read_text()

    def device(self, name: str, *commands: CommandSettings, **more: str) -> DeviceSettings:
        """As the configuration would declare it; `name` is that of the key that is shown."""
        told = {"host_key": (self.folder / "host.pub").read_text(), "key": str(self.folder / name), **more}
        return DeviceSettings(name, "127.0.0.1", "root", port=self.port, commands=commands, **told)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(20)
