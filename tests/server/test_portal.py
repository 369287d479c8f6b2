from __future__ import annotations

import asyncio
import os
import socket

import pytest
from jupyter_server.serverapp import ServerApp
from tornado.ioloop import IOLoop

from aml_widgets.server.portal import announce_server, find_public_url

HUB = {"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"}


def server_with(**settings: object) -> ServerApp:
    return ServerApp(base_url="/a%40b/", port=8899, **settings)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "http://localhost:8899/a%40b/"),
        ({"ip": "127.0.0.1"}, "http://127.0.0.1:8899/a%40b/"),
        ({"ip": "::1"}, "http://[::1]:8899/a%40b/"),
        ({"ip": "0.0.0.0"}, f"http://{socket.gethostname().lower()}:8899/a%40b/"),
        ({"certfile": "cert.pem"}, "https://localhost:8899/a%40b/"),
        ({"custom_display_url": "https://notebooks.example"}, "https://notebooks.example/a%40b/"),
        ({"custom_display_url": "https://notebooks.example/mine"}, "https://notebooks.example/mine/"),
        (
            {"custom_display_url": "https://ada:secret@notebooks.example/?token=secret"},
            "https://notebooks.example/a%40b/",
        ),
        ({"sock": "/tmp/jupyter.sock", "custom_display_url": "https://notebooks.example"}, None),
    ],
)
def test_the_address_is_the_one_that_people_use(settings: dict[str, object], expected: str | None) -> None:
    found = find_public_url(server_with(**settings), {})

    assert (found and found.lower()) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("https://hub.example/user/ada/", "https://hub.example/user/ada/"),
        ("https://hub.example/user/ada", "https://hub.example/user/ada/"),
        ("", None),
        ("/user/ada/", None),
    ],
)
def test_below_a_hub_it_is_what_the_hub_tells(told: str, expected: str | None) -> None:
    server = server_with(custom_display_url="http://10.0.0.7:8888")

    assert find_public_url(server, {**HUB, "JUPYTERHUB_PUBLIC_URL": told}) == expected
    assert find_public_url(server, HUB) is None


@pytest.mark.parametrize(
    ("environment", "expected"), [({}, "http://localhost:8901/a%40b/"), (HUB, None)], ids=["alone", "hub"]
)
def test_the_kernels_of_a_server_are_told_once_it_has_its_port(
    environment: dict[str, str], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AML_WIDGETS_SERVER_URL", "http://outer.example/")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    async def load_and_listen() -> None:
        server = server_with()
        server.io_loop = IOLoop.current()
        announce_server(server)
        server.io_loop.add_callback(setattr, server, "port", 8901)  # as a server does that finds its port taken
        for _ in range(3):
            await asyncio.sleep(0)

    asyncio.run(load_and_listen())

    assert os.environ.get("AML_WIDGETS_SERVER_URL") == expected
