"""Events: what every source writes and every rule reads."""

from sentinel.event.alert import Alert, Level
from sentinel.event.arp import Arp
from sentinel.event.auth import Auth
from sentinel.event.conn import Conn
from sentinel.event.dce_rpc import DceRpc
from sentinel.event.dhcp import Dhcp
from sentinel.event.dnp3 import Dnp3
from sentinel.event.dns import Dns
from sentinel.event.event import KINDS, Event, FlowEvent, field_attributes
from sentinel.event.files import Files
from sentinel.event.ftp import Ftp
from sentinel.event.http import Http
from sentinel.event.icmp import Icmp
from sentinel.event.ike import Ike
from sentinel.event.irc import Irc
from sentinel.event.kerberos import Kerberos
from sentinel.event.ldap import Ldap
from sentinel.event.ldap_search import LdapSearch
from sentinel.event.ledger import Ledger
from sentinel.event.log import Log
from sentinel.event.modbus import Modbus
from sentinel.event.mqtt import MqttConnect, MqttPublish, MqttSubscribe
from sentinel.event.mysql import Mysql
from sentinel.event.notice import Notice
from sentinel.event.ntlm import Ntlm
from sentinel.event.ntp import Ntp
from sentinel.event.payload import Payload, Stretches
from sentinel.event.postgresql import Postgresql
from sentinel.event.quic import Quic
from sentinel.event.radius import Radius
from sentinel.event.rdp import Rdp
from sentinel.event.redis import Redis
from sentinel.event.rfb import Rfb
from sentinel.event.sensor import Sensor
from sentinel.event.sip import Sip
from sentinel.event.smb_files import SmbFiles
from sentinel.event.smb_mapping import SmbMapping
from sentinel.event.smtp import Smtp
from sentinel.event.snmp import Snmp
from sentinel.event.socks import Socks
from sentinel.event.ssh import Ssh
from sentinel.event.ssl import Ssl
from sentinel.event.stratum import Stratum
from sentinel.event.suppression import Suppression
from sentinel.event.syslog import Syslog
from sentinel.event.tcp_syn import TcpSyn
from sentinel.event.tds import Tds
from sentinel.event.tftp import Tftp
from sentinel.event.tunnel import Tunnel
from sentinel.event.websocket import Websocket
from sentinel.event.weird import Weird
from sentinel.event.x509 import X509

__all__ = [
    "KINDS",
    "X509",
    "Alert",
    "Arp",
    "Auth",
    "Conn",
    "DceRpc",
    "Dhcp",
    "Dnp3",
    "Dns",
    "Event",
    "Files",
    "FlowEvent",
    "Ftp",
    "Http",
    "Icmp",
    "Ike",
    "Irc",
    "Kerberos",
    "Ldap",
    "LdapSearch",
    "Ledger",
    "Level",
    "Log",
    "Modbus",
    "MqttConnect",
    "MqttPublish",
    "MqttSubscribe",
    "Mysql",
    "Notice",
    "Ntlm",
    "Ntp",
    "Payload",
    "Postgresql",
    "Quic",
    "Radius",
    "Rdp",
    "Redis",
    "Rfb",
    "Sensor",
    "Sip",
    "SmbFiles",
    "SmbMapping",
    "Smtp",
    "Snmp",
    "Socks",
    "Ssh",
    "Ssl",
    "Stratum",
    "Stretches",
    "Syslog",
    "TcpSyn",
    "Tds",
    "Tftp",
    "Suppression",
    "Tunnel",
    "Weird",
    "Websocket",
    "field_attributes",
]
