"""sentinel: network and data security monitoring for an e-government extranet (政务外网安全哨兵)."""

__version__ = "0.1.0"
