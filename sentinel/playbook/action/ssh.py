"""A declared command on a declared device, over SSH."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import asyncssh

from sentinel.playbook.action.act import Act, Call, Parameter, Result
from sentinel.playbook.declared import declared_arguments
from sentinel.playbook.fault import ActionFailed
from sentinel.playbook.secret import hide
from sentinel.playbook.settings import CommandSettings, DeviceSettings
from sentinel.secret import SecretError, reveal
from sentinel.text import Message

__all__ = ["Ssh"]

_MOST: Final = 64 << 10
"""Bytes of the answer that are kept."""
_SAFE: Final = re.compile(r"[A-Za-z0-9_.:/@%+=,][A-Za-z0-9_.:/@%+=,-]*")
"""What neither a shell nor a switch's command line reads as more than a word, nor a program as an option."""
_PLACE: Final = re.compile(r"\{([1-9]\d*)\}")


class Ssh(Act):
    """Runs or types what the configuration says; the playbook's values come in as single words of declared forms.

    The device must show the declared host key. No agent, no configuration files and no other keys are used.
    """

    name = "ssh"
    parameters = {
        "device": Parameter("string"),
        "command": Parameter("string"),
        "arguments": Parameter("list", False),
    }

    def __init__(self, devices: Iterable[DeviceSettings]) -> None:
        self._devices = {device.name: device for device in devices}

    async def act(self, call: Call) -> Result:
        """`output` and `status` for `save`; an exit status other than 0, or an answer that refuses, is a failure."""
        device, command = self._declared(call.arguments["device"], call.arguments["command"])
        lines = _lines(command, call.arguments.get("arguments") or [])
        try:
            status, output = await _speak(device, command, lines)
            if device.password:
                output = hide(output, reveal(device.password), "***")
        except SecretError as error:
            raise ActionFailed(Message("playbook.ssh-failed", device=device.name, reason=error)) from error
        except asyncssh.HostKeyNotVerifiable as error:
            raise ActionFailed(Message("playbook.ssh-stranger", device=device.name)) from error
        except asyncssh.PermissionDenied as error:
            raise ActionFailed(
                Message("playbook.ssh-denied", device=device.name, user=device.user)
            ) from error
        except (OSError, ValueError, asyncssh.Error) as error:
            reason = str(error) or type(error).__name__
            raise ActionFailed(Message("playbook.ssh-failed", device=device.name, reason=reason)) from error
        if status or (command.expect and not re.search(command.expect, output)) or _refuses(command, output):
            words = output[-300:].strip()
            raise ActionFailed(
                Message("playbook.ssh-refused", device=device.name, status=status, words=words or "-")
            )
        return Result({"status": status, "output": output})

    def _declared(self, device: str, command: str) -> tuple[DeviceSettings, CommandSettings]:
        found = self._devices.get(device)
        commands = {one.name: one for one in found.commands} if found is not None else {}
        if found is None or command not in commands:
            raise ActionFailed(Message("playbook.no-device", device=device, command=command))
        return found, commands[command]


def _lines(command: CommandSettings, given: list[Any]) -> list[str]:
    arguments = declared_arguments(command.name, command.arguments, given)
    for argument in arguments:
        if not _SAFE.fullmatch(argument):
            raise ActionFailed(Message("playbook.bad-argument", name=command.name, got=argument[:80]))
    try:
        return [_PLACE.sub(lambda place: arguments[int(place[1]) - 1], line) for line in command.lines]
    except IndexError:
        raise ActionFailed(Message("playbook.bad-argument", name=command.name, got=len(arguments))) from None


def _refuses(command: CommandSettings, output: str) -> bool:
    return bool(command.typed and command.wrong and re.search(command.wrong, output))


async def _speak(device: DeviceSettings, command: CommandSettings, lines: list[str]) -> tuple[int, str]:
    """The exit status (0 where a prompt has none) and what was answered."""
    connection = await asyncssh.connect(
        device.host,
        device.port,
        username=device.user,
        known_hosts=([asyncssh.import_public_key(device.host_key)], [], []),
        client_keys=[device.key] if device.key else None,
        password=reveal(device.password) if device.password else None,
        agent_path=None,
        config=None,
        connect_timeout=device.timeout,
        login_timeout=device.timeout,
        encoding="utf-8",
        errors="replace",
    )
    try:
        if command.typed:
            return await _converse(connection, lines)
        status, output = 0, ""
        for line in lines:
            if not status:
                status, answer = await _converse(connection, [], line)
                output += answer
        return status, output
    finally:
        connection.abort()  # a close would wait for the device, whose time may be over


async def _converse(
    connection: asyncssh.SSHClientConnection, typed: list[str], command: str | None = None
) -> tuple[int, str]:
    way: dict[str, Any] = {"stdin": asyncssh.DEVNULL} if command else {"term_type": "vt100"}
    process = await connection.create_process(command, stderr=asyncssh.STDOUT, **way)
    if typed:
        process.stdin.write("".join(f"{line}\n" for line in typed))
        process.stdin.write_eof()
    output = await _read(process.stdout)
    await process.wait()
    return process.returncode or 0, output


async def _read(stream: asyncssh.SSHReader[str]) -> str:
    """All that is answered, of which the beginning is kept."""
    kept = ""
    while part := await stream.read(1 << 14):
        kept = (kept + part)[:_MOST]
    return kept
