"""Every protocol that we read. Add a new one here."""

from __future__ import annotations

from typing import Final

from sentinel.protocol.analyzer import Analyzer
from sentinel.protocol.bittorrent import Bittorrent
from sentinel.protocol.dce_rpc import DceRpc
from sentinel.protocol.dhcp import DhcpAnalyzer
from sentinel.protocol.dnp3 import Dnp3
from sentinel.protocol.dns import DnsAnalyzer
from sentinel.protocol.dtls import Dtls
from sentinel.protocol.ftp import Ftp
from sentinel.protocol.ftp_data import FtpData
from sentinel.protocol.http import HttpAnalyzer
from sentinel.protocol.http2 import Http2
from sentinel.protocol.icmp import IcmpAnalyzer
from sentinel.protocol.ike import Ike
from sentinel.protocol.imap import Imap
from sentinel.protocol.irc import Irc
from sentinel.protocol.kerberos import KerberosTcp, KerberosUdp
from sentinel.protocol.ldap import Cldap, Ldap
from sentinel.protocol.modbus import Modbus
from sentinel.protocol.mongodb import Mongodb
from sentinel.protocol.mqtt import Mqtt
from sentinel.protocol.mysql import Mysql
from sentinel.protocol.ntp import NtpAnalyzer
from sentinel.protocol.openvpn import Openvpn
from sentinel.protocol.pop3 import Pop3
from sentinel.protocol.postgresql import Postgresql
from sentinel.protocol.quic import Quic
from sentinel.protocol.radius import Radius
from sentinel.protocol.rdp import Rdp, RdpEudp
from sentinel.protocol.redis import Redis
from sentinel.protocol.rfb import Rfb
from sentinel.protocol.sip import Sip
from sentinel.protocol.smb import Smb
from sentinel.protocol.smtp import Smtp
from sentinel.protocol.snmp import SnmpAnalyzer
from sentinel.protocol.socks import Socks
from sentinel.protocol.ssh import Ssh
from sentinel.protocol.stratum import Stratum
from sentinel.protocol.stun import Stun
from sentinel.protocol.syslog import Syslog
from sentinel.protocol.tds import Tds
from sentinel.protocol.telnet import Telnet
from sentinel.protocol.tftp import Tftp
from sentinel.protocol.tls import Tls
from sentinel.protocol.wireguard import Wireguard

__all__ = ["ANALYZERS"]

ANALYZERS: Final[tuple[type[Analyzer], ...]] = (
    Http2,
    HttpAnalyzer,
    DnsAnalyzer,
    Tls,
    Dtls,
    Quic,
    Ssh,
    Ftp,
    FtpData,
    Smtp,
    DhcpAnalyzer,
    NtpAnalyzer,
    SnmpAnalyzer,
    Mqtt,
    Mysql,
    Postgresql,
    Redis,
    Sip,
    Radius,
    Socks,
    Irc,
    Rfb,
    Modbus,
    Dnp3,
    Syslog,
    Tftp,
    Pop3,
    Imap,
    Telnet,
    Stratum,
    Wireguard,
    Openvpn,
    Bittorrent,
    Stun,
    Ike,
    Tds,
    Mongodb,
    IcmpAnalyzer,
    KerberosUdp,
    KerberosTcp,
    Smb,
    DceRpc,
    Ldap,
    Cldap,
    Rdp,
    RdpEudp,
)
