"""The connection of one page: it asks for frames one by one, and gets them as it shows them.

A page that is slow, hidden or paused asks for less, so nothing piles up. It may wait for
`MOST_ASKED` frames at a time.
"""

import asyncio
import json
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from util.live.player import Appearance, Player
from util.live.protocol import UnknownMessage, read_message
from util.live.stage import CHUNK, Stage
from util.system.explanations import explain

MOST_ASKED = 2  # frames
MOST_REASON = 123  # bytes, by the standard


class Connection:
    """A page, its player, and the work for it. Everything ends with the method `run`."""

    def __init__(self, socket: web.WebSocketResponse, stage: Stage):
        """Begin with a new player."""
        self._socket, self._stage = socket, stage
        self._player: Player = stage.player()
        self._asked = asyncio.Semaphore(0)
        self._unsent = 0
        self._made, self._room = asyncio.Event(), asyncio.Event()
        self._recording: asyncio.Task | None = None

    async def run(self) -> None:
        """Serve the page until it is closed, or asks for something that is not known."""
        tasks = [asyncio.create_task(work) for work in (self._hear(), self._make(), self._send())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for error in filter(None, (task.exception() for task in done)):
                await self._end(error)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _end(self, error: BaseException) -> None:
        """Close the connection, and say why."""
        if isinstance(error, UnknownMessage):
            code, reason = WSCloseCode.POLICY_VIOLATION, str(error)
        elif isinstance(error, ConnectionError):  # the page is gone
            return
        elif isinstance(error, Exception):
            code, reason = WSCloseCode.INTERNAL_ERROR, explain(error)
        else:
            raise error
        short = reason.encode()[:MOST_REASON].decode(errors="ignore")
        await self._socket.close(code=code, message=short.encode())

    async def _hear(self) -> None:
        """Do what the page asks."""
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                raise UnknownMessage("a message is not a text")
            name, arguments = read_message(message.data, len(self._stage.names))
            getattr(self, f"_on_{name}")(**arguments)
            self._room.set()

    async def _make(self) -> None:
        """Make frames ahead: at least a chunk."""
        loop, stage = asyncio.get_running_loop(), self._stage
        while True:
            while self._player.ahead < CHUNK:
                request = self._player.request()
                chunk = await loop.run_in_executor(stage.model_thread, stage.make, request)
                self._player.accept(request, chunk)
                self._made.set()
            self._room.clear()
            await self._room.wait()

    async def _send(self) -> None:
        """Send each frame that was asked for."""
        while True:
            await self._asked.acquire()
            while not self._player.ahead:
                self._made.clear()
                await self._made.wait()
            frame = self._player.take()
            self._room.set()
            await self._socket.send_bytes(frame)
            self._unsent -= 1

    def _on_frame(self) -> None:
        if self._unsent == MOST_ASKED:
            raise UnknownMessage(f"more than {MOST_ASKED} frames are asked for")
        self._unsent += 1
        self._asked.release()

    def _on_restart(self, sequence: int, seed: int) -> None:
        self._player.restart(sequence, seed)

    def _on_noise(self, scale: float) -> None:
        self._player.set_noise(scale)

    def _on_appearance(self, first: int, second: int, share: float) -> None:
        self._player.set_appearance(Appearance(first, second, share))

    def _on_record(self, seconds: int) -> None:
        if self._recording is None or self._recording.done():
            self._recording = asyncio.create_task(self._record(seconds))

    async def _record(self, seconds: int) -> None:
        """Write the last seconds, and tell the page where they are or why they are not."""
        stage, loop = self._stage, asyncio.get_running_loop()
        showing = stage.showings[self._player.sequence]
        answer: dict[str, Any]
        try:
            frames = self._player.last(max(1, round(seconds * showing.rate)))
            write = stage.recordings.write
            path = await loop.run_in_executor(stage.video_thread, write, frames, showing)
            answer = {"name": "recorded", "path": str(path), "frames": len(frames)}
        except Exception as error:
            answer = {"name": "failed", "reason": explain(error)}
        if not self._socket.closed:
            await self._socket.send_str(json.dumps(answer))
