"""The server of the page, on 127.0.0.1 only.

A page of another site can send requests to this machine, too. Its requests have the name of another
host, or its own origin, and are turned away. There is no other file than the page itself.
"""

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Callable

from aiohttp import WSCloseCode, web
from aiohttp.http import HttpProcessingError

from util.live.connection import Connection
from util.live.page import page
from util.live.protocol import LONGEST
from util.live.stage import Stage
from util.system.errors import RunError

ADDRESS = "127.0.0.1"
MOST_PAGES = 16
ALIVE = 30.0  # seconds: a page that does not answer for so long is gone
SERVER_LOG = logging.getLogger("aiohttp.server")  # it prints to stderr
GOODBYE = 1.0  # seconds that a page has to answer when the program ends
ROUND = 0.05  # seconds between two looks whether the program shall end


def is_failure(record: logging.LogRecord) -> bool:
    """Whether a log record is more than a request that is no HTTP, as strangers may send it."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


SERVER_LOG.addFilter(is_failure)


class Server:
    """The page and its connections.

    Attributes:
        url: the address of the page.
        connections: the connections that are open.
    """

    def __init__(self, stage: Stage, port: int):
        """Serve the pages of a session on a port of this machine."""
        hosts = [f"{name}:{port}" for name in (ADDRESS, "localhost")]
        hosts += [ADDRESS, "localhost"] if port == 80 else []
        self.url = f"http://{ADDRESS}:{port}/"
        self.connections: set[web.WebSocketResponse] = set()
        self._stage = stage
        self._hosts = frozenset(hosts)
        self._page, self._headers = page(stage, self._hosts)

    def app(self) -> web.Application:
        """The application of aiohttp."""
        app = web.Application(middlewares=[self._turn_strangers_away])
        app.router.add_get("/", self._show_page, allow_head=False)
        app.router.add_get("/socket", self._connect, allow_head=False)
        return app

    async def serve(
        self, listening: socket.socket, started: Callable[[str], None], ended: Callable[[], int]
    ) -> None:
        """Serve until `ended` returns a number that is not 0.

        Args:
            listening: see `listen`.
            started: is called with the address of the page when it can be opened.
        """
        runner = web.AppRunner(self.app(), access_log=None, shutdown_timeout=GOODBYE)
        await runner.setup()
        try:
            await web.SockSite(runner, listening).start()
            started(self.url)
            while not ended():
                await asyncio.sleep(ROUND)
        finally:
            await self._say_goodbye()
            await runner.cleanup()

    async def _say_goodbye(self) -> None:
        goodbyes = [one.close(code=WSCloseCode.GOING_AWAY) for one in self.connections]
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.gather(*goodbyes), GOODBYE)

    @web.middleware
    async def _turn_strangers_away(self, request: web.Request, handler) -> web.StreamResponse:
        host, origin = request.headers.getall("Host", []), request.headers.getall("Origin", [])
        is_socket = request.path == "/socket"
        if len(host) != 1 or host[0] not in self._hosts:
            raise web.HTTPForbidden(
                text="this page has another address: the one that the program printed; a tunnel to "
                "another machine must have the same port at both ends\n"
            )
        if origin != [f"http://{host[0]}"] and (origin or is_socket):
            raise web.HTTPForbidden(text="this page is not for other pages\n")
        return await handler(request)

    async def _show_page(self, _: web.Request) -> web.Response:
        return web.Response(text=self._page, content_type="text/html", headers=self._headers)

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        if len(self.connections) >= MOST_PAGES:
            raise web.HTTPServiceUnavailable(text=f"{MOST_PAGES} pages are open; close one\n")
        socket = web.WebSocketResponse(
            timeout=GOODBYE, heartbeat=ALIVE, max_msg_size=4 * LONGEST, compress=False
        )
        self.connections.add(socket)
        try:
            await socket.prepare(request)
            await Connection(socket, self._stage).run()
        finally:
            self.connections.discard(socket)
        return socket


def listen(port: int) -> socket.socket:
    """A socket that listens on this port of this machine; 0 stands for a free one.

    Raises:
        RunError: the port is in use or not allowed.
    """
    try:
        return socket.create_server((ADDRESS, port))
    except OSError as error:
        problem = "is in use" if error.errno == errno.EADDRINUSE else f"fails: {error.strerror}"
        raise RunError(
            f"--port {port} {problem}; leave it out for a free port, or give another one"
        ) from error
