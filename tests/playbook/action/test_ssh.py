"""Commands on a real sshd: run, typed, refused; nothing undeclared, and nothing for a host that shows another key."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from secure_shell import ISOLATE, PORTS, SecureShell

from sentinel.playbook.action import Call, Result
from sentinel.playbook.action.ssh import Ssh
from sentinel.playbook.fault import ActionFailed
from sentinel.playbook.settings import CommandSettings, DeviceSettings

SAY = CommandSettings("say", ("printf '%s|' {1} {2}",), ("[^ ]+", ".*"))


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureShell]:
    sshd = SecureShell(tmp_path_factory.mktemp("sshd"))
    yield sshd
    sshd.stop()


async def perform(device: DeviceSettings, command: str, *arguments: Any, name: str = "") -> Result:
    asked = {"device": name or device.name, "command": command, "arguments": list(arguments)}
    return await Ssh([device]).perform(Call("r", "k", "p", asked))


def failing(id: str) -> Any:
    return pytest.raises(ActionFailed, check=lambda error: error.message.id == id)


async def test_a_command_is_run(sshd: SecureShell) -> None:
    result = await perform(sshd.device("shell", SAY), "say", "10.1.0.9", "Gi1/0/7")
    assert result.values == {"status": 0, "output": "10.1.0.9|Gi1/0/7|"}


async def test_the_first_line_that_fails_is_the_last(sshd: SecureShell) -> None:
    lines = CommandSettings("lines", ("echo one", "echo two; exit 3", "echo three"))
    with pytest.raises(ActionFailed, match="3") as caught:
        await perform(sshd.device("shell", lines), "lines")
    assert "two" in str(caught.value) and "three" not in str(caught.value)


@pytest.mark.parametrize(
    "second", ["$(id)", "`id`", "a;id", "a b", "a\nid", "-rf", "a|b", "a>b", "'", '"', "*", "~", "", "x\0y", "字", "a&b"]
)  # fmt: skip
async def test_no_value_is_more_than_a_word(sshd: SecureShell, second: str) -> None:
    with failing("playbook.bad-argument"):
        await perform(sshd.device("shell", SAY), "say", "x", second)


@pytest.mark.parametrize(
    ("device", "command", "arguments", "id"),
    [("other", "say", ("a", "b"), "playbook.no-device"), ("shell", "reboot", (), "playbook.no-device"),
     ("shell", "say", ("a",), "playbook.bad-argument"), ("shell", "say", ("a", "b", "c"), "playbook.bad-argument")],
)  # fmt: skip
async def test_what_is_not_declared_is_not_done(
    sshd: SecureShell, device: str, command: str, arguments: tuple[str, ...], id: str
) -> None:
    with failing(id):
        await perform(sshd.device("shell", SAY), command, *arguments, name=device)


async def test_a_switch_is_told_line_by_line(sshd: SecureShell) -> None:
    sshd.typed.unlink(missing_ok=True)
    await perform(sshd.device("switch", ISOLATE), "isolate-port", "GigabitEthernet1/0/7")
    assert sshd.typed.read_text().split("\n") == [
        "system-view", "interface GigabitEthernet1/0/7", "shutdown", "quit", "",
    ]  # fmt: skip


async def test_uplinks_are_not_declared(sshd: SecureShell) -> None:
    sshd.typed.unlink(missing_ok=True)
    with failing("playbook.bad-argument"):
        await perform(sshd.device("switch", ISOLATE), "isolate-port", "GigabitEthernet1/0/48")
    assert not sshd.typed.exists()


async def test_a_switch_that_refuses_has_not_done_it(sshd: SecureShell) -> None:
    bogus = CommandSettings("bogus", ("bogus", "quit"), typed=True)
    with pytest.raises(ActionFailed, match="Unrecognized"):
        await perform(sshd.device("switch", bogus), "bogus")


async def test_an_answer_that_was_expected_and_is_missing(sshd: SecureShell) -> None:
    done = CommandSettings("say", ("echo no",), expect="yes")
    with failing("playbook.ssh-refused"):
        await perform(sshd.device("shell", done), "say")


async def test_a_host_that_shows_another_key_is_told_nothing(sshd: SecureShell) -> None:
    sshd.typed.unlink(missing_ok=True)
    stranger = (sshd.folder / "stranger.pub").read_text()
    with failing("playbook.ssh-stranger"):
        await perform(
            sshd.device("switch", ISOLATE, host_key=stranger), "isolate-port", "GigabitEthernet1/0/7"
        )
    assert not sshd.typed.exists()


async def test_a_key_that_opens_nothing(sshd: SecureShell) -> None:
    with failing("playbook.ssh-denied"):
        await perform(sshd.device("stranger", SAY), "say", "a", "b")


@pytest.mark.parametrize("more", [{"host_key": "nonsense"}, {"key": "/nowhere"}], ids=str)
async def test_what_is_wrongly_declared_is_said(sshd: SecureShell, more: dict[str, str]) -> None:
    with failing("playbook.ssh-failed"):
        await perform(sshd.device("shell", SAY, **more), "say", "a", "b")


async def test_nobody_there() -> None:
    key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    device = DeviceSettings("gone", "127.0.0.1", "root", key, port=1, commands=(SAY,))
    with failing("playbook.ssh-failed"):
        await perform(device, "say", "a", "b")


async def test_a_device_that_answers_nothing_is_given_up() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        device = DeviceSettings("mute", "127.0.0.1", "root", key, port=port, timeout=0.3, commands=(SAY,))
        with failing("playbook.ssh-failed"):
            await perform(device, "say", "a", "b")


async def test_a_password_is_had_by_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Asks(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == ("sentinel", "s3cret")

    async def run(process: Any) -> None:
        process.stdout.write(f"ran {process.command} as s3cret")
        process.exit(0)

    key = asyncssh.generate_private_key("ssh-ed25519")
    listener = await asyncssh.listen(
        "127.0.0.1", 0, server_factory=Asks, server_host_keys=[key], process_factory=run
    )
    async with listener:
        device = DeviceSettings(
            "d", "127.0.0.1", "sentinel", key.export_public_key().decode(), port=listener.get_port(),
            password="${env:SWITCH}", commands=(CommandSettings("c", ("display {1}",), (PORTS,)),),
        )  # fmt: skip
        with failing("playbook.ssh-failed"):  # no such variable
            await perform(device, "c", "GigabitEthernet1/0/7")
        monkeypatch.setenv("SWITCH", "wrong")
        with failing("playbook.ssh-denied"):
            await perform(device, "c", "GigabitEthernet1/0/7")
        monkeypatch.setenv("SWITCH", "s3cret")
        result = await perform(device, "c", "GigabitEthernet1/0/7")
        assert result.values["output"] == "ran display GigabitEthernet1/0/7 as ***"


async def test_a_step_out_of_time_lets_go_of_the_device(sshd: SecureShell) -> None:
    slow, begun = CommandSettings("slow", ("sleep 100",)), time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await perform(sshd.device("shell", slow), "slow")
    assert time.monotonic() - begun < 20
