"""A link to the database that can be cut: at once, or while an answer is on its way back."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict


class Link:
    """Forwards connections to a PostgreSQL server: `url` leads through it, `straight` past it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.straight = url
        self._target = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
        self._folder = folder
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen(64)
        self._drops: Callable[[], bool] = lambda: False
        self._is_cut = False
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self.accepted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        here = {**self._target, "host": str(self._folder), "port": "5432"}
        user, database = here.pop("user"), here.pop("dbname")
        return f"postgresql://{user}@/{database}?" + "&".join(f"{k}={quote(v, safe='')}" for k, v in here.items())

    def drop_answer_when(self, done: Callable[[], bool]) -> None:
        """Cut the connection on which an answer comes back once `done` says so, before the answer is through."""
        self._drops = done

    def cut(self) -> None:
        """Cut all connections, and every new one as soon as it is made."""
        self._is_cut = True
        for pair in self._pairs:
            _close(*pair)

    def mend(self) -> None:
        self._is_cut = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.accepted += 1
                if self._is_cut:
                    client.close()
                    continue
                server = self._connect()
                self._pairs.append((client, server))
                threading.Thread(target=self._forward, args=(client, server), daemon=True).start()

    def _connect(self) -> socket.socket:
        host, port = self._target.get("host", "127.0.0.1"), self._target.get("port", "5432")
        if host.startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{host}/.s.PGSQL.{port}")
            return server
        return socket.create_connection((host, int(port)))

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError, ValueError):
            while True:
                ready, _, _ = select.select([client, server], [], [])
                for source in ready:
                    data = source.recv(65536)
                    if not data:
                        return _close(client, server)
                    if source is server and self._drops():
                        self._drops = lambda: False
                        return _close(client, server)
                    (server if source is client else client).sendall(data)
        _close(client, server)


def _close(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
