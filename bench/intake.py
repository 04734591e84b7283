"""Lines a second through the intake on one core: `python bench/intake.py`.

Each figure is the best of five rounds, by CPU time.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.figure import Figure, as_json, as_table
from sentinel.intake.catalogue import Catalogue
from sentinel.intake.reader import LineReader
from sentinel.intake.record import Origin

LINES = 20_000
WANTED = 30
"""Thousand lines a second: what a district's devices, hosts and services write at their worst together."""
AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36"
WINDOWS = (
    '{"EventID":4688,"Channel":"Security","Hostname":"pc8","SourceName":"Microsoft-Windows-Security-Auditing",'
    '"@timestamp":"2024-05-01T00:00:%02dZ","NewProcessName":"C:\\\\a.exe","SubjectUserSid":"S-1-5-18",'
    '"SubjectUserName":"a","SubjectDomainName":"b","SubjectLogonId":"0x1","CommandLine":"cmd /c %d",'
    '"ParentProcessName":"C:\\\\Windows\\\\explorer.exe","TokenElevationType":"%%%%1936"}'
)
CONN = (
    '{"_path":"conn","ts":1588205199.82437,"uid":"C%d","id.orig_h":"10.0.1.6","id.orig_p":54243,"id.resp_h":"10.0.0.4",'
    '"id.resp_p":53,"proto":"udp","service":"dns","duration":0.0015,"orig_bytes":39,"resp_bytes":55,'
    '"conn_state":"SF","missed_bytes":0,"history":"Dd","orig_pkts":1,"orig_ip_bytes":67,"resp_pkts":1}'
)


def clock(number: int) -> str:
    return f"{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}"


SORTS = {
    "web access": [
        f'198.51.100.{i % 250} - - [10/Oct/2024:{clock(i)} +0800] "GET /index.php?id={i} HTTP/1.1" 200 2326 '
        f'"https://www.example.org/" "{AGENT}"'
        for i in range(LINES)
    ],
    "sshd": [
        f"Dec 10 {clock(i)} host1 sshd[{i}]: Failed password for invalid user u{i} from 198.51.100.{i % 250} port 38926 ssh2"
        for i in range(LINES)
    ],
    "syslog": [f"<13>May  1 {clock(i)} host1 odd[12]: message number {i} of the thing" for i in range(LINES)],
    "Zeek conn": [CONN % i for i in range(LINES)],
    "Windows": [WINDOWS % (i % 60, i) for i in range(LINES)],
    "Huawei firewall": [
        "<190>Jan 19 2024 08:53:29 FW-1 %%01POLICY/6/POLICYDENY(l):vsys=public, protocol=6, source-ip=198.51.100.7, "
        f"source-port={i}, destination-ip=10.0.0.2, destination-port=22, time=2024/1/19 08:53:29, "
        "source-zone=untrust, destination-zone=trust, application-name=, rule-name=default."
        for i in range(LINES)
    ],
    "switch": [
        f"<187>May  1 2024 {clock(i)} SW-{i % 40} %%01IFPDT/4/IF_STATE(l)[{i}]:Interface GigabitEthernet0/0/{i % 48} "
        "has turned into DOWN state."
        for i in range(LINES)
    ],
    "unknown": [f"this is line {i} of nothing that anyone knows" for i in range(LINES)],
}


def figures() -> list[Figure]:
    """One for each sort of line."""
    catalogue = Catalogue.load()
    found: list[Figure] = []
    for name, lines in SORTS.items():
        best = float("inf")
        for _ in range(5):
            reader = LineReader(catalogue, Origin("bench", reference=1735689600.0))
            began = time.process_time()
            for line in lines:
                reader.events(line)
            best = min(best, time.process_time() - began)
        found.append(Figure(f"log lines into events: {name}", len(lines) / best / 1e3, "k/s", least=WANTED))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = figures()
    print(json.dumps(as_json(found)) if options.json else as_table(found))


if __name__ == "__main__":
    main()
