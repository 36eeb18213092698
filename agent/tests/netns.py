"""An isolated machine and two others on real cables: three network namespaces, and an agent's keeper in the first."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, TypeVar

T = TypeVar("T")
PORT = 7777
PATIENCE_SECONDS = 0.4
"""How long a connection may take that should not come about; an answer within this machine takes microseconds."""
PEERS = {"friend": "10.91.1", "other": "10.91.2"}
CLONE_NEWNET = 0x4000_0000
KEEPER = Path(__file__).with_name("isolated_machine.py")


def can_make_namespaces() -> bool:
    """Whether this machine lets us."""
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("nft") or not shutil.which("ip"):
        return False
    name = f"sk{os.getpid()}p"
    if subprocess.run(["ip", "netns", "add", name], check=False, capture_output=True).returncode:
        return False
    listed = subprocess.run(["ip", "netns", "exec", name, "nft", "list", "tables"], check=False, capture_output=True)
    subprocess.run(["ip", "netns", "del", name], check=True)
    return listed.returncode == 0


class Cable:
    """Three machines; the isolated one obeys `ask`.

    Args:
        folder: The installation of the isolated one.
    """

    def __init__(self, folder: Path) -> None:
        (folder / "var").mkdir()
        self._folder, self._prefix = folder, f"sk{os.getpid()}"
        self._listeners: list[socket.socket] = []
        self._spaces = {name: f"{self._prefix}{name[0]}" for name in ("machine", *PEERS)}
        for name in self._spaces.values():
            ip("netns", "add", name)
        for number, (peer, net) in enumerate(PEERS.items()):
            one, two = f"{self._prefix}a{number}", f"{self._prefix}b{number}"
            ip("link", "add", one, "type", "veth", "peer", "name", two)
            for link, space, address in ((one, "machine", f"{net}.1/24"), (two, peer, f"{net}.2/24")):
                ip("link", "set", link, "netns", self._spaces[space])
                ip("-n", self._spaces[space], "addr", "add", address, "dev", link)
                ip("-n", self._spaces[space], "link", "set", link, "up")
        for space in self._spaces:
            self._listeners.append(self._in(space, listen))
        self.start()

    def start(self) -> None:
        """Start the keeper, as after a restart of the agent."""
        command = ["ip", "netns", "exec", self._spaces["machine"], sys.executable, str(KEEPER), str(self._folder)]
        self._keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._read("ready")

    def ask(self, what: str) -> None:
        """`isolate NAME`, `release`, `pass HOURS`."""
        words = what.split()
        argument = f"{PEERS[words[1]]}.2" if words[0] == "isolate" else "".join(words[1:])
        stdin: IO[str] | None = self._keeper.stdin
        assert stdin is not None
        stdin.write(f"{words[0]} {argument}\n")
        stdin.flush()
        self._read("done")

    def kill(self) -> None:
        """End the keeper without a word."""
        self._keeper.kill()
        self._keeper.communicate()

    def remove(self) -> None:
        """Remove the agent."""
        ip("netns", "exec", self._spaces["machine"], sys.executable, str(KEEPER), str(self._folder), "remove")

    def connect(self, peer: str) -> socket.socket:
        """A connection from the machine to a peer."""
        return self._in("machine", lambda: socket.create_connection((f"{PEERS[peer]}.2", PORT), PATIENCE_SECONDS))

    def reaches(self, peer: str) -> bool:
        """Whether the machine can call a peer, and is answered."""
        try:
            with self.connect(peer) as connection:
                return self.is_answered(connection)
        except OSError:
            return False

    def can_be_called_from(self, peer: str) -> bool:
        """Whether a peer can call the machine."""
        address = (f"{PEERS[peer]}.1", PORT)
        try:
            self._in(peer, lambda: socket.create_connection(address, PATIENCE_SECONDS)).close()
        except OSError:
            return False
        return True

    @staticmethod
    def is_answered(connection: socket.socket) -> bool:
        """Whether what is said comes back."""
        connection.settimeout(PATIENCE_SECONDS)
        try:
            connection.sendall(b"x")
            return connection.recv(1) == b"x"
        except OSError:
            return False

    def close(self) -> None:
        """Take everything down."""
        self._keeper.kill()
        self._keeper.communicate()
        for listener in self._listeners:
            listener.close()
        for name in self._spaces.values():
            ip("netns", "del", name)

    def _read(self, wanted: str) -> None:
        stdout: IO[str] | None = self._keeper.stdout
        assert stdout is not None
        assert stdout.readline().strip() == wanted

    def _in(self, space: str, work: Callable[[], T]) -> T:
        """Do something in a namespace: a thread may stand in another one than its process."""
        done: list[T | OSError] = []

        def there() -> None:
            try:
                with Path("/run/netns", self._spaces[space]).open() as file:
                    if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET):
                        raise OSError(ctypes.get_errno(), "setns")
                done.append(work())
            except OSError as error:
                done.append(error)

        thread = threading.Thread(target=there)
        thread.start()
        thread.join()
        if isinstance(done[0], OSError):
            raise done[0]
        return done[0]


def listen() -> socket.socket:
    """Answer everybody with what they say, until closed."""
    listener = socket.create_server(("0.0.0.0", PORT))  # noqa: S104  # within its namespace

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=echo, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return listener


def echo(connection: socket.socket) -> None:
    """Say back what is said."""
    with connection:
        try:
            while said := connection.recv(100):
                connection.sendall(said)
        except OSError:
            return


def ip(*arguments: str) -> None:
    """Run ip."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
