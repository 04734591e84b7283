"""Records for the rule bench: what Windows hosts log on an ordinary day, and our own events. The same seed gives the same.

Shares, fields and lengths follow a Sysmon installation of an office: one record in four is a new process, most
repeat the few programs that every host runs, with command lines, hashes and names that differ each time.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from sentinel.event import Conn, Dns, Event, Http

__all__ = ["SHARES", "traffic_events", "windows_records"]

Fields = dict[str, Any]

_SYSTEM = "C:\\Windows\\System32\\"
_SERVICES = _SYSTEM + "services.exe"
_SVCHOST = _SYSTEM + "svchost.exe"
_CMD = _SYSTEM + "cmd.exe"
_EXPLORER = "C:\\Windows\\explorer.exe"
_CHROME = "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe"
_EDGE = "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe"
_AGENT = "C:\\Program Files\\OpsAgent\\bin\\agent.exe"
_RENDERER = (
    " --type=renderer --lang=zh-CN --field-trial-handle={number},i,{number},{word},262144 "
    "--mojo-platform-channel-handle={number} /prefetch:1"
)
_PROGRAMS = (
    (_SVCHOST, "svchost.exe", "Host Process for Windows Services", _SERVICES, " -k netsvcs -p -s {word}"),
    (_SYSTEM + "conhost.exe", "CONHOST.EXE", "Console Window Host", _CMD, " 0xffffffff -ForceV1"),
    (_CMD, "Cmd.Exe", "Windows Command Processor", _AGENT, " /c \"D:\\OpsAgent\\jobs\\{word}\\{number}.bat {word}\""),
    (_SYSTEM + "taskhostw.exe", "taskhostw.exe", "Host Process for Windows Tasks", _SVCHOST, " {word}"),
    (_SYSTEM + "RuntimeBroker.exe", "RuntimeBroker.exe", "Runtime Broker", _SVCHOST, " -Embedding"),
    (_SYSTEM + "backgroundTaskHost.exe", "backgroundTaskHost.exe", "Background Task Host", _SVCHOST,
     " -ServerName:App.{word}.AppX{number}.mca"),
    (_SYSTEM + "wbem\\WmiPrvSE.exe", "Wmiprvse.exe", "WMI Provider Host", _SVCHOST, " -secured -Embedding"),
    (_SYSTEM + "reg.exe", "reg.exe", "Registry Console Tool", _CMD, " query HKLM\\SOFTWARE\\{word} /v {word}{number}"),
    (_EXPLORER, "EXPLORER.EXE", "Windows Explorer", _SYSTEM + "userinit.exe", ""),
    (_CHROME, "chrome.exe", "Google Chrome", _CHROME, _RENDERER),
    (_EDGE, "msedge.exe", "Microsoft Edge", _EDGE, _RENDERER),
    ("C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE", "WinWord.exe", "Microsoft Word", _EXPLORER,
     " /n \"D:\\文档\\{word}\\关于{number}号文件的通知.docx\" /o \"\""),
    ("C:\\Program Files (x86)\\Tencent\\WeChat\\WeChat.exe", "WeChat.exe", "WeChat", _EXPLORER, ""),
    (_AGENT, "agent.exe", "Operations Agent", _SERVICES, " --service --id {number}"),
)  # fmt: skip
"""Image, original name, description, parent, arguments."""
_ARGUMENTS_OF = {image: arguments for image, _, _, _, arguments in _PROGRAMS}
_WORDS = tuple(
    """schedule wuauserv update invoice contact backup sensor module vendor printer archive sync
report office gateway account monitor profile cache session service policy driver health""".split()
)
_LIBRARIES = ("kernel32 ntdll user32 advapi32 combase rpcrt4 ws2_32 crypt32 bcrypt mswsock uxtheme dwmapi "
              "propsys shlwapi version winhttp wininet secur32 sspicli netapi32").split()  # fmt: skip
_KEYS = ("HKLM\\SYSTEM\\CurrentControlSet\\Services\\{word}\\Parameters\\{word}",
         "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Explorer\\{word}\\{number}",
         "HKU\\S-1-5-21-1085031214-1563985344-{number}-1001\\SOFTWARE\\Microsoft\\{word}\\{word}",
         "HKLM\\SOFTWARE\\Classes\\CLSID\\{{{number}-0000-0000-C000-000000000046}}\\InprocServer32\\(Default)",
         )  # fmt: skip
_SCRIPTS = (
    "function Get-{word}Report {{ param([string]$Name, [int]$Days = {number})\n"
    "  $items = Get-ChildItem -Path \"C:\\Data\\$Name\" -Filter *.log | Where-Object {{ "
    "$_.LastWriteTime -gt (Get-Date).AddDays(-$Days) }}\n  foreach ($item in $items) {{\n"
    "    Write-Output (\"{{0}} {{1}}\" -f $item.Name, $item.Length)\n  }}\n}}\nGet-{word}Report -Name '{word}'\n",
    "$config = Get-Content C:\\ProgramData\\{word}\\{number}.json | ConvertFrom-Json\n"
    "if ($config.enabled) {{ Start-Service -Name {word} }}\n",
)  # fmt: skip


def windows_records(number: int, seed: int = 1) -> Iterator[Fields]:
    """Records as an agent ships them: flat, Windows' own field names, `Channel`, `EventID` and `Provider_Name`."""
    draw = random.Random(seed)
    makers, weights = zip(*SHARES.items(), strict=True)
    for make in draw.choices(makers, weights, k=number):
        yield make(draw)


def traffic_events(number: int, seed: int = 1) -> list[Event]:
    """Equal shares of `dns`, `http` and `conn` events."""
    draw = random.Random(seed)
    makers: tuple[Callable[[random.Random, float], Event], ...] = (_dns, _http, _conn)
    return [makers[place % 3](draw, 1.7e9 + place / 1000) for place in range(number)]


def _fill(draw: random.Random, pattern: str) -> str:
    return pattern.format(word=draw.choice(_WORDS), number=draw.randrange(1000, 99_999_999))


def _guid(draw: random.Random) -> str:
    digits = f"{draw.getrandbits(128):032x}"
    return f"{{{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}}}"


def _sysmon(draw: random.Random, event: int, **fields: Any) -> Fields:
    second = draw.randrange(86400)
    return {
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "EventID": event,
        "Provider_Name": "Microsoft-Windows-Sysmon",
        "Computer": f"PC-{draw.randrange(3000):04}.office.lan",
        "RuleName": "-",
        "UtcTime": f"2024-05-06 {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.{draw.randrange(1000):03}",
        "ProcessGuid": _guid(draw),
        "ProcessId": draw.randrange(4, 30000),
        **fields,
    }


def _process(draw: random.Random) -> Fields:
    image, original, description, parent, arguments = draw.choice(_PROGRAMS)
    return _sysmon(
        draw,
        1,
        Image=image,
        FileVersion=f"10.0.{draw.randrange(99999)}.{draw.randrange(999)} (WinBuild.160101.0800)",
        Description=description,
        Product="Microsoft® Windows® Operating System",
        Company="Microsoft Corporation",
        OriginalFileName=original,
        CommandLine=f'"{image}"' + _fill(draw, arguments),
        CurrentDirectory="C:\\Windows\\system32\\",
        User=f"OFFICE\\user{draw.randrange(3000)}",
        LogonGuid=_guid(draw),
        LogonId=hex(draw.getrandbits(32)),
        TerminalSessionId=draw.randrange(3),
        IntegrityLevel=draw.choice(("Medium", "High", "System")),
        Hashes=f"SHA1={draw.getrandbits(160):040X},MD5={draw.getrandbits(128):032X},"
        f"SHA256={draw.getrandbits(256):064X},IMPHASH={draw.getrandbits(128):032X}",
        ParentProcessGuid=_guid(draw),
        ParentProcessId=draw.randrange(4, 30000),
        ParentImage=parent,
        ParentCommandLine=f'"{parent}"' + _fill(draw, _ARGUMENTS_OF.get(parent, "")),
        ParentUser="NT AUTHORITY\\SYSTEM",
    )


def _network(draw: random.Random) -> Fields:
    return _sysmon(
        draw,
        3,
        Image=draw.choice(_PROGRAMS)[0],
        User="NT AUTHORITY\\NETWORK SERVICE",
        Protocol="tcp",
        Initiated="true",
        SourceIsIpv6="false",
        SourceIp=f"10.20.{draw.randrange(256)}.{draw.randrange(1, 255)}",
        SourceHostname="-",
        SourcePort=draw.randrange(49152, 65535),
        SourcePortName="-",
        DestinationIsIpv6="false",
        DestinationIp=f"10.1.{draw.randrange(16)}.{draw.randrange(1, 255)}",
        DestinationHostname=f"{draw.choice(_WORDS)}.office.lan",
        DestinationPort=draw.choice((443, 80, 53, 445, 8530)),
        DestinationPortName="https",
    )


def _image_load(draw: random.Random) -> Fields:
    library = draw.choice(_LIBRARIES)
    return _sysmon(
        draw,
        7,
        Image=draw.choice(_PROGRAMS)[0],
        ImageLoaded=f"C:\\Windows\\System32\\{library}.dll",
        FileVersion="10.0.19041.3636 (WinBuild.160101.0800)",
        Description=f"{library} library",
        Product="Microsoft® Windows® Operating System",
        Company="Microsoft Corporation",
        OriginalFileName=f"{library}.dll",
        Hashes=f"SHA256={draw.getrandbits(256):064X},IMPHASH={draw.getrandbits(128):032X}",
        Signed="true",
        Signature="Microsoft Windows",
        SignatureStatus="Valid",
        User="NT AUTHORITY\\SYSTEM",
    )


def _file(draw: random.Random) -> Fields:
    return _sysmon(
        draw,
        11,
        Image=draw.choice(_PROGRAMS)[0],
        TargetFilename=f"C:\\Users\\user{draw.randrange(3000)}\\AppData\\Local\\{draw.choice(_WORDS)}\\"
        f"Cache\\{draw.getrandbits(64):x}.{draw.choice(('tmp', 'log', 'json', 'dat', 'docx'))}",
        CreationUtcTime="2024-05-06 08:00:00.000",
        User=f"OFFICE\\user{draw.randrange(3000)}",
    )


def _registry(draw: random.Random) -> Fields:
    return _sysmon(
        draw,
        13,
        EventType="SetValue",
        Image=draw.choice(_PROGRAMS)[0],
        TargetObject=_fill(draw, draw.choice(_KEYS)),
        Details=draw.choice(
            (f"DWORD (0x{draw.getrandbits(32):08x})", "Binary Data", "C:\\Windows\\System32\\x.dll")
        ),
        User="NT AUTHORITY\\SYSTEM",
    )


def _access(draw: random.Random) -> Fields:
    return _sysmon(
        draw,
        10,
        SourceImage=draw.choice(_PROGRAMS)[0],
        TargetImage=draw.choice(_PROGRAMS)[0],
        SourceProcessId=draw.randrange(30000),
        TargetProcessId=draw.randrange(30000),
        GrantedAccess=draw.choice(("0x1000", "0x1400", "0x1fffff")),
        CallTrace="C:\\Windows\\SYSTEM32\\ntdll.dll+9d4c4|C:\\Windows\\System32\\KERNELBASE.dll+2c13e|"
        f"C:\\Windows\\System32\\{draw.choice(_LIBRARIES)}.dll+{draw.getrandbits(20):x}",
        SourceUser="NT AUTHORITY\\SYSTEM",
        TargetUser="NT AUTHORITY\\SYSTEM",
    )


def _query(draw: random.Random) -> Fields:
    return _sysmon(
        draw,
        22,
        QueryName=f"{draw.choice(_WORDS)}{draw.randrange(999)}.example.gov.cn",
        QueryStatus=0,
        QueryResults=f"::ffff:10.1.2.{draw.randrange(255)};",
        Image=draw.choice(_PROGRAMS)[0],
        User="NT AUTHORITY\\NETWORK SERVICE",
    )


def _script(draw: random.Random) -> Fields:
    return {
        "Channel": "Microsoft-Windows-PowerShell/Operational",
        "EventID": 4104,
        "Provider_Name": "Microsoft-Windows-PowerShell",
        "Computer": f"PC-{draw.randrange(3000):04}.office.lan",
        "MessageNumber": 1,
        "MessageTotal": 1,
        "ScriptBlockText": _fill(draw, draw.choice(_SCRIPTS)),
        "ScriptBlockId": _guid(draw)[1:-1],
        "Path": "",
    }


def _logon(draw: random.Random) -> Fields:
    return {
        "Channel": "Security",
        "EventID": draw.choice((4624, 4624, 4634, 4672, 4625)),
        "Provider_Name": "Microsoft-Windows-Security-Auditing",
        "Computer": f"PC-{draw.randrange(3000):04}.office.lan",
        "SubjectUserSid": "S-1-5-18",
        "SubjectUserName": f"PC-{draw.randrange(3000):04}$",
        "SubjectDomainName": "OFFICE",
        "SubjectLogonId": "0x3e7",
        "TargetUserSid": f"S-1-5-21-1085031214-1563985344-725345543-{draw.randrange(9999)}",
        "TargetUserName": f"user{draw.randrange(3000)}",
        "TargetDomainName": "OFFICE",
        "LogonType": draw.choice((2, 3, 5, 10)),
        "LogonProcessName": "Kerberos",
        "AuthenticationPackageName": "Kerberos",
        "WorkstationName": "-",
        "LogonGuid": _guid(draw),
        "KeyLength": 0,
        "ProcessName": draw.choice(_PROGRAMS)[0],
        "IpAddress": f"10.20.{draw.randrange(256)}.{draw.randrange(1, 255)}",
        "IpPort": draw.randrange(49152, 65535),
    }


SHARES: dict[Callable[[random.Random], Fields], int] = {
    _process: 25,
    _network: 15,
    _image_load: 12,
    _file: 12,
    _registry: 14,
    _access: 4,
    _query: 6,
    _script: 4,
    _logon: 8,
}
"""How many of a hundred records are of each sort."""


def _ends(draw: random.Random, port: int) -> dict[str, Any]:
    return {
        "uid": f"C{draw.getrandbits(80):020x}"[:18],
        "orig_h": f"10.20.{draw.randrange(256)}.{draw.randrange(1, 255)}",
        "orig_p": draw.randrange(1024, 65535),
        "resp_h": f"10.1.{draw.randrange(16)}.{draw.randrange(1, 255)}",
        "resp_p": port,
    }


def _dns(draw: random.Random, ts: float) -> Event:
    return Dns(
        ts=ts,
        **_ends(draw, 53),
        proto="udp",
        trans_id=draw.randrange(65536),
        query=f"{draw.choice(_WORDS)}{draw.randrange(999)}.example.gov.cn",
        qclass=1,
        qclass_name="C_INTERNET",
        qtype=1,
        qtype_name="A",
        rcode=0,
        rcode_name="NOERROR",
        AA=False,
        TC=False,
        RD=True,
        RA=True,
        Z=0,
        rejected=False,
        answers=[f"10.1.2.{draw.randrange(255)}"],
        TTLs=[300.0],
    )


def _http(draw: random.Random, ts: float) -> Event:
    return Http(
        ts=ts,
        **_ends(draw, 80),
        trans_depth=1,
        method=draw.choice(("GET", "GET", "POST")),
        host=f"{draw.choice(_WORDS)}.example.gov.cn",
        uri=f"/{draw.choice(_WORDS)}/{draw.choice(_WORDS)}.do?id={draw.randrange(10**8)}&page={draw.randrange(99)}",
        referrer="http://portal.example.gov.cn/index.html",
        version="1.1",
        user_agent="Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/124.0.0.0 Safari/537.36",
        status_code=200,
        status_msg="OK",
        request_body_len=0,
        response_body_len=draw.randrange(90000),
    )


def _conn(draw: random.Random, ts: float) -> Event:
    return Conn(
        ts=ts,
        **_ends(draw, draw.choice((80, 443, 53, 445))),
        proto="tcp",
        service="http",
        duration=draw.random(),
        orig_bytes=draw.randrange(9000),
        resp_bytes=draw.randrange(90000),
        conn_state="SF",
        history="ShADadFf",
        orig_pkts=12,
        resp_pkts=14,
    )
