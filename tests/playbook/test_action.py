"""Actions against real parts: nftables in a network namespace, an HTTP server, scripts as processes."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from playbook_parts import Server, listed

from sentinel.playbook.action import Act, Call, Result
from sentinel.playbook.action.block import Block, Unblock
from sentinel.playbook.action.http import HttpRequest
from sentinel.playbook.action.script import Script
from sentinel.playbook.fault import ActionFailed, PlaybookError
from sentinel.playbook.guard import Guard, own_addresses
from sentinel.playbook.secret import Secrets
from sentinel.playbook.settings import ScriptSettings, SecretSettings


async def perform(act: Act, **arguments: Any) -> Result:
    return await act.perform(Call("r", "k", "p", arguments))


@pytest.mark.parametrize("address", ["198.51.100.7", "2001:db8::7"])
async def test_a_block_stands_in_the_packet_filter_until_it_is_lifted(gatekeeper: Path, address: str) -> None:
    block, unblock = Block(gatekeeper, Guard()), Unblock(gatekeeper)
    await perform(block, address=address, seconds=3600)
    await perform(block, address=address, seconds=60)
    rules = listed(gatekeeper)
    assert f"{address} timeout 1m" in rules and "drop" in rules
    await perform(unblock, address=address)
    await perform(unblock, address=address)
    assert address not in listed(gatekeeper)


async def test_the_kernel_lifts_a_block_by_itself(gatekeeper: Path) -> None:
    await perform(Block(gatekeeper, Guard()), address="198.51.100.8", seconds=1)
    while "198.51.100.8" in listed(gatekeeper):
        await asyncio.sleep(0.05)


async def test_both_sides_guard(gatekeeper: Path) -> None:
    with pytest.raises(ActionFailed, match=r"198\.51\.100\.7"):
        await perform(Block(gatekeeper, Guard(["198.51.100.0/24"])), address="198.51.100.7", seconds=9)
    with pytest.raises(ActionFailed, match=r"192\.0\.2\.9"):
        await perform(Block(gatekeeper, Guard()), address="192.0.2.9", seconds=9)
    assert "elements" not in listed(gatekeeper)


@pytest.mark.parametrize(
    "request_",
    [b"", b"{", b"[]", b"null", b'{"verb": "run"}', b'{"verb": "block", "address": "1.2.3.4", "seconds": 0}',
     b'{"verb": "block", "address": "1.2.3.4", "seconds": 99999999}', b'{"verb": "block", "address": 7, "seconds": 1}',
     b'{"verb": "block", "address": "1.2.3.4 } ; flush ruleset", "seconds": 5}', b'{"verb": "unblock", "address": "x"}'],
)  # fmt: skip
def test_no_request_goes_past_the_three_verbs(request_: bytes) -> None:
    from sentinel.playbook.gatekeeper import Gatekeeper

    ran: list[Any] = []
    answer = Gatekeeper(Guard(), lambda arguments: ran.append(arguments) or '{"nftables": []}').answer(
        request_
    )
    assert not answer["ok"] and answer["error"] and not [one for one in ran if "list" not in one]


async def test_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(ActionFailed, match="s"):
        await perform(Block(tmp_path / "s", Guard()), address="198.51.100.7", seconds=9)


async def test_a_request_with_a_secret_reaches_the_server(server: str, tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text('s3"cret\n')
    file.chmod(0o600)
    act = HttpRequest(Secrets([SecretSettings("token", f"${{file:{file}}}")]), ["127.0.0.0/8"])
    result = await perform(
        act,
        url=f"{server}/t?x=1/201",
        method="POST",
        headers={"X-Token": "${secret:token}"},
        json={"告警": 1, "key": "${secret:token}"},
    )
    assert result.values["status"] == 201 and result.values["json"] == {"ticket": 7}
    method, path, headers, body = Server.seen[0]
    assert (method, path, headers["X-Token"], json.loads(body)) == (
        "POST",
        "/t?x=1/201",
        's3"cret',
        {"告警": 1, "key": 's3"cret'},
    )


async def test_bad_answers_fail_and_redirects_are_not_followed(server: str) -> None:
    act = HttpRequest(Secrets(), ["127.0.0.0/8"])
    with pytest.raises(ActionFailed, match="503"):
        await perform(act, url=f"{server}/503")
    assert (await perform(act, url=f"{server}/302")).values["status"] == 302
    assert len(Server.seen) == 2


async def test_what_a_server_says_back_of_a_secret_is_not_kept(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", 's3 "cret')
    act = HttpRequest(Secrets([SecretSettings("token", "${env:TOKEN}")]), ["127.0.0.0/8"])
    result = await perform(
        act, url=f"{server}/echo/${{secret:token}}/200", method="POST", json={"key": "${secret:token}"},
        headers={"X-Token": "${secret:token}"},
    )  # fmt: skip
    assert Server.seen[0][1] == "/echo/s3%20%22cret/200" and b"s3" in Server.seen[0][3]
    assert "cret" not in str(result.values).replace("${secret:token}", "")
    assert result.values["json"]["key"] == "${secret:token}"


async def test_no_failure_tells_a_secret(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3 cr\x01et")
    act = HttpRequest(Secrets([SecretSettings("token", "${env:TOKEN}")]), ["127.0.0.0/8"])
    for asked in (
        {"url": f"{server}/${{secret:token}}/404"},
        {"url": f"{server}/200", "method": "${secret:token}"},
    ):
        with pytest.raises(ActionFailed) as caught:
            await perform(act, **asked)
        assert "s3" not in str(caught.value)


async def test_a_server_that_never_comes_to_an_end_holds_no_thread() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)

    listener = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
        executor = concurrent.futures.ThreadPoolExecutor(1)
        asyncio.get_running_loop().set_default_executor(executor)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await perform(HttpRequest(Secrets(), ["127.0.0.0/8"]), url=url)
        assert await asyncio.to_thread(lambda: 7) == 7  # the one thread is free again


async def test_a_name_is_judged_by_every_address_that_it_has_and_asked_for_once(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(server.rpartition(":")[2])
    answers = [["127.0.0.1"], ["169.254.169.254"], ["198.51.100.7", "127.0.0.1"]]

    def look_up(host: str, port: int, **more: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in answers.pop(0)]

    monkeypatch.setattr("sentinel.playbook.action.http.socket.getaddrinfo", look_up)
    called: list[str] = []

    def connect(place: tuple[str, int], *more: Any) -> socket.socket:
        called.append(place[0])
        link = socket.socket()
        link.connect(place)
        return link

    monkeypatch.setattr("sentinel.playbook.action.http.socket.create_connection", connect)
    act = HttpRequest(Secrets(), ["127.0.0.0/8"])
    await perform(act, url=f"http://rebind.example:{port}/200")
    assert called == ["127.0.0.1"]
    with pytest.raises(ActionFailed):
        await perform(act, url=f"http://rebind.example:{port}/200")
    with pytest.raises(ActionFailed):
        await perform(HttpRequest(Secrets()), url=f"http://rebind.example:{port}/200")
    assert called == ["127.0.0.1"]


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/", "http://localhost:1/", "http://169.254.169.254/", "http://[::1]:1/", "http://0.0.0.0/",
     "http://[::ffff:127.0.0.1]/", "http://[::ffff:169.254.169.254]/", "http://[64:ff9b::7f00:1]/", "http://[fe80::1]/",
     "http://[2002:7f00:1::]/", "http://[ff02::1]/", "http://127.1:1/", "http://0x7f000001:1/", "http://[::]:1/",
     "http://2130706433/", "file:///etc/passwd", "gopher://x/", "http://u:p@192.0.2.1/", "x",
      "http://[", "http://a:99999/"],
)  # fmt: skip
async def test_no_way_inside(url: str) -> None:
    with pytest.raises(ActionFailed):
        await perform(HttpRequest(Secrets()), url=url)


async def test_an_address_of_this_host_is_inside_too() -> None:
    own = [one for one in own_addresses() if one.version == 4 and not one.is_loopback]
    for address in own:
        with pytest.raises(ActionFailed, check=lambda error: error.message.id == "playbook.bad-url"):
            await perform(HttpRequest(Secrets()), url=f"http://{address}:1/")


@pytest.mark.parametrize("headers", [{"a": "b\r\nc: d"}, {"a\n": "b"}, {"a": "${secret:none}"}])
async def test_headers_that_are_none(server: str, headers: dict[str, str]) -> None:
    with pytest.raises(PlaybookError):
        await perform(HttpRequest(Secrets(), ["127.0.0.0/8"]), url=f"{server}/200", headers=headers)
    assert Server.seen == []


@pytest.fixture
def scripts(tmp_path: Path) -> Script:
    (tmp_path / "say").write_text('#!/bin/sh\nprintf "%s|" "$@" "$SENTINEL_RUN"\ntest "$1" != fail\n')
    (tmp_path / "hang").write_text("#!/bin/sh\nsleep 100 &\necho $! > pid\nwait\n")
    (tmp_path / "other").write_text("#!/bin/sh\n")
    for name in ("say", "hang", "other"):
        (tmp_path / name).chmod(0o755)
    return Script(tmp_path, {"say": ScriptSettings("say", ("[^ ]+", ".*")), "hang": ScriptSettings("hang")})


async def test_arguments_reach_a_script_as_they_are(scripts: Script) -> None:
    result = await perform(scripts, script="say", arguments=["$(id)", "; rm -rf / `id` 'x"])
    assert result.values == {"status": 0, "output": "$(id)|; rm -rf / `id` 'x|r|"}


@pytest.mark.parametrize(
    ("script", "arguments"),
    [("say", ["a"]), ("say", ["a b", "c"]), ("other", []), ("../say", []), ("none", []), ("say", ["fail", ""])],
)  # fmt: skip
async def test_undeclared_is_not_run(scripts: Script, script: str, arguments: list[str]) -> None:
    with pytest.raises(ActionFailed):
        await perform(scripts, script=script, arguments=arguments)


async def test_a_script_out_of_time_ends_with_its_children(scripts: Script, tmp_path: Path) -> None:
    task = asyncio.create_task(perform(scripts, script="hang"))
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    child = int((tmp_path / "pid").read_text())
    while Path(f"/proc/{child}").exists() and " Z " not in Path(f"/proc/{child}/stat").read_text():
        await asyncio.sleep(0.01)
