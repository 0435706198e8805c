"""The server and its connections, with a client in the same process."""

import asyncio
import contextlib
import gc
import io
import json
import threading
import weakref

import numpy as np
import pytest
from PIL import Image
from support.live_stage import make, stage

aiohttp = pytest.importorskip("aiohttp", reason="pip install -r requirements-live.txt")

from util.live import connection, server  # noqa: E402
from util.live.player import Player  # noqa: E402
from util.live.server import Server, listen  # noqa: E402
from util.system.errors import RunError  # noqa: E402

PATIENCE = 60  # seconds until something counts as missing


def served(stage, work):
    """Run `work(server, client)` beside a server, and return its result."""

    async def both():
        with listen(0) as listening:
            one = Server(stage, listening.getsockname()[1])
            begun, over = asyncio.Event(), []
            serving = asyncio.create_task(
                one.serve(listening, lambda _: begun.set(), lambda: len(over))
            )
            await begun.wait()
            try:
                async with aiohttp.ClientSession() as client:
                    return await asyncio.wait_for(work(one, client), PATIENCE)
            finally:
                over.append(1)
                await serving

    try:
        return asyncio.run(both())
    finally:
        stage.close()


@contextlib.asynccontextmanager
async def opened(one, client):
    """A page's connection."""
    async with client.ws_connect(f"{one.url}socket", origin=one.url.rstrip("/")) as socket:
        yield socket


async def tell(socket, name, **values):
    await socket.send_str(json.dumps({"name": name, **values}))


async def colour(socket):
    """Number and appearance in the next frame."""
    await tell(socket, "frame")
    message = await socket.receive()
    assert message.type is aiohttp.WSMsgType.BINARY, message
    with Image.open(io.BytesIO(message.data)) as image:
        red, green, _ = np.asarray(image)[8, 8].astype(int)
    return round(red / 8), round(green / 100)


async def closing(socket):
    """Code and reason with which the server closes."""
    while True:
        message = await socket.receive()
        if message.type is aiohttp.WSMsgType.CLOSE:
            return message.data, message.extra
        assert message.type is aiohttp.WSMsgType.BINARY


def test_frames_come_in_their_order(tmp_path):
    async def work(one, client):
        async with opened(one, client) as socket:
            return [await colour(socket) for _ in range(12)]

    assert served(stage(tmp_path), work) == [(number, 0) for number in range(1, 13)]
    assert list(tmp_path.iterdir()) == []


def test_pages_have_their_own_state(tmp_path):
    async def work(one, client):
        async with opened(one, client) as first, opened(one, client) as second:
            seen = [await colour(first) for _ in range(7)]
            await tell(second, "appearance", first=0, second=2, share=0.5)
            seen += [await colour(second) for _ in range(2)]
            await tell(first, "restart", sequence=1, seed=4)
            return seen + [await colour(first), await colour(second)]

    seen = served(stage(tmp_path), work)
    assert seen[:7] == [(number, 0) for number in range(1, 8)]
    assert seen[7:9] == [(1, 1), (2, 1)]
    assert seen[9:] == [(1, 0), (3, 1)]


def test_noise_reaches_the_model(tmp_path):
    innovations = []

    def noted(request):
        innovations.append(request.latents.innovations)
        return make(request)

    async def work(one, client):
        async with opened(one, client) as socket:
            await tell(socket, "noise", scale=0)
            for _ in range(12):
                await colour(socket)

    served(stage(tmp_path, make=noted), work)
    assert np.ptp(innovations[0], axis=1).max() > 0.1  # it may have been made before the message
    assert np.ptp(innovations[-1], axis=1).max() == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "example.org"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1:1"},
        {"Host": ""},
        {"Origin": "http://example.org"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://localhost:{port}"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["", "socket", "nothing"])
def test_stranger_is_turned_away(tmp_path, headers, path):
    async def work(one, client):
        port = one.url.split(":")[-1].rstrip("/")
        own = {"Origin": one.url.rstrip("/")} if path == "socket" else {}
        sent = own | {name: value.format(port=port) for name, value in headers.items()}
        async with client.get(one.url + path, headers=sent) as answer:
            return answer.status, await answer.text()

    status, text = served(stage(tmp_path), work)
    assert status == 403
    assert text.startswith("this page ") and text.count("\n") == 1


def test_socket_needs_an_origin(tmp_path):
    async def work(one, client):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await client.ws_connect(f"{one.url}socket")
        return caught.value.status

    assert served(stage(tmp_path), work) == 403


def test_localhost_is_this_machine_too(tmp_path):
    async def work(one, client):
        host = one.url.removeprefix("http://").rstrip("/").replace("127.0.0.1", "localhost")
        own = {"Host": host, "Origin": f"http://{host}"}
        async with client.get(one.url, headers=own) as answer:
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert answer.headers["Cache-Control"] == "no-store"
            assert "Content-Security-Policy" in answer.headers
            status = answer.status
        async with client.ws_connect(f"{one.url}socket", headers=own) as socket:
            return status, await colour(socket)

    assert served(stage(tmp_path), work) == (200, (1, 0))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "page.js", 404),
        ("GET", "../../etc/passwd", 404),
        ("GET", "%2e%2e/%2e%2e/etc/passwd", 404),
        ("GET", "model/checkpoint", 404),
        ("POST", "", 405),
        ("HEAD", "", 405),
        ("PUT", "recording", 404),
    ],
)
def test_there_is_nothing_but_the_page(tmp_path, method, path, status):
    async def work(one, client):
        async with client.request(method, one.url + path) as answer:
            return answer.status

    assert served(stage(tmp_path), work) == status


@pytest.mark.parametrize(
    ("message", "code", "reason"),
    [
        ('{"name": "open"}', 1008, "a message has no known name"),
        ('{"name": "noise", "scale": 3}', 1008, "scale of noise is not possible"),
        (b'{"name": "frame"}', 1008, "a message is not a text"),
        ("x" * 300, 1008, "a message has more than 256 characters"),
        ("x" * 5000, 1009, None),
    ],
    ids=["name", "argument", "bytes", "long", "longer"],
)
def test_unknown_message_closes_the_connection(tmp_path, message, code, reason):
    async def work(one, client):
        async with opened(one, client) as socket, opened(one, client) as other:
            send = socket.send_bytes if isinstance(message, bytes) else socket.send_str
            await send(message)
            closed = await closing(socket)
            return closed, await colour(other)

    closed, seen = served(stage(tmp_path), work)
    assert closed[0] == code
    assert reason is None or closed[1] == reason
    assert seen == (1, 0)


def test_page_may_wait_for_two_frames_and_no_more(tmp_path):
    free = threading.Event()

    def waits(request):
        assert free.wait(PATIENCE)
        return make(request)

    async def work(one, client):
        async with opened(one, client) as socket, opened(one, client) as greedy:
            for _ in range(2):
                await tell(socket, "frame")
            for _ in range(3):
                await tell(greedy, "frame")
            closed = await closing(greedy)
            free.set()
            first = [(await socket.receive()).type for _ in range(2)]
            return closed, first, await colour(socket)

    closed, first, seen = served(stage(tmp_path, make=waits), work)
    assert closed == (1008, "more than 2 frames are asked for")
    assert first == 2 * [aiohttp.WSMsgType.BINARY]
    assert seen == (3, 0)


def test_no_frame_is_made_that_no_page_asks_for(tmp_path):
    requests = []

    def noted(request):
        requests.append(request.first)
        return make(request)

    async def work(one, client):
        async with opened(one, client) as socket:
            for _ in range(3):
                await colour(socket)
            for _ in range(200):
                await asyncio.sleep(0)

    served(stage(tmp_path, make=noted), work)
    assert set(requests) <= {1, 6}


def test_pages_take_turns(tmp_path, monkeypatch):
    """Each page needs five chunks of one frame; while the first one is made, both have asked."""
    monkeypatch.setattr("util.live.stage.CHUNK", 1)
    free, turns = threading.Event(), []

    def noted(request):
        assert free.wait(PATIENCE)
        turns.append(request.first)
        return make(request)

    async def work(one, client):
        async with opened(one, client) as first, opened(one, client) as second:
            for socket in (first, second):
                await tell(socket, "record", seconds=1)
                await answer_of(socket)  # its page works, so it has asked for a chunk
            free.set()
            while len(turns) < 10:
                await asyncio.sleep(0)

    served(stage(tmp_path, make=noted), work)
    assert turns == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_closed_page_frees_what_it_held(tmp_path, monkeypatch):
    players = weakref.WeakSet()

    class Watched(Player):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            players.add(self)

    monkeypatch.setattr("util.live.stage.Player", Watched)

    async def work(one, client):
        async with opened(one, client) as socket, opened(one, client) as other:
            await colour(socket)
            await colour(other)
            assert (len(players), len(one.connections)) == (2, 2)
            await socket.close()
            while len(one.connections) > 1:
                await asyncio.sleep(0)
            gc.collect()
            return len(players), await colour(other)

    assert served(stage(tmp_path), work) == (1, (2, 0))


def test_too_many_pages_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "MOST_PAGES", 1)

    async def work(one, client):
        async with opened(one, client):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                async with opened(one, client):
                    pass
        while one.connections:
            await asyncio.sleep(0)
        async with opened(one, client) as socket:
            return caught.value.status, await colour(socket)

    assert served(stage(tmp_path), work) == (503, (1, 0))


def test_error_of_the_model_is_told_and_ends_only_this_page(tmp_path):
    def fails(request):
        if request.latents.appearance[0, 0] == 200:
            raise RunError("no more – " + "a long reason " * 20)
        return make(request)

    async def work(one, client):
        async with opened(one, client) as socket, opened(one, client) as other:
            await tell(socket, "appearance", first=2, second=2, share=0)
            await tell(socket, "frame")
            return await closing(socket), await colour(other)

    (code, reason), seen = served(stage(tmp_path, make=fails), work)
    assert code == 1011
    assert reason.startswith("no more – a long reason") and len(reason.encode()) <= 123
    assert seen == (1, 0)


async def answer_of(socket):
    message = await socket.receive()
    assert message.type is aiohttp.WSMsgType.TEXT
    return json.loads(message.data)


def test_recording_has_the_last_seconds_in_the_rate_of_the_sequence(tmp_path):
    async def work(one, client):
        async with opened(one, client) as socket:
            await tell(socket, "record", seconds=1)
            answers = [await answer_of(socket)]
            await tell(socket, "restart", sequence=1, seed=0)
            for _ in range(12):
                await colour(socket)
            await tell(socket, "record", seconds=1)
            return [*answers, await answer_of(socket)]

    path = tmp_path / "live" / "recording_1.mp4"
    nothing, answer = served(stage(tmp_path / "live"), work)
    reason = "nothing was shown yet; save when the video plays"
    assert nothing == {"name": "failed", "reason": reason}
    assert answer == {"name": "recorded", "path": str(path), "frames": 10}
    assert [one.name for one in path.parent.iterdir()] == ["recording_1.mp4"]


def test_page_that_is_told_to_end_is_told_why(tmp_path):
    async def work(one, client):
        async with opened(one, client) as socket:
            await colour(socket)
            saying = asyncio.create_task(one._say_goodbye())
            code, _ = await closing(socket)
            await saying
            return code

    assert served(stage(tmp_path), work) == aiohttp.WSCloseCode.GOING_AWAY


def test_port_in_use_is_one_line():
    with listen(0) as listening:
        address, port = listening.getsockname()
        assert address == "127.0.0.1"
        with pytest.raises(RunError) as caught:
            listen(port)
    line = f"--port {port} is in use; leave it out for a free port, or give another one"
    assert str(caught.value) == line


def test_message_has_a_method():
    from util.live.protocol import MESSAGES

    methods = {name for name in vars(connection.Connection) if name.startswith("_on_")}
    assert methods == {f"_on_{name}" for name in MESSAGES}


@pytest.mark.parametrize(
    "request_", [b"\x00\xff\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"]
)
def test_what_is_no_request_is_refused_without_a_word(tmp_path, caplog, request_):
    async def work(one, client):
        port = int(one.url.split(":")[-1].rstrip("/"))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request_)
        status = await reader.readline()
        writer.close()
        async with opened(one, client) as socket:
            return status, await colour(socket)

    status, seen = served(stage(tmp_path), work)
    assert status.startswith(b"HTTP/1.0 400") and seen == (1, 0)
    assert caplog.text == ""
