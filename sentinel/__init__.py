"""sentinel: network and data security monitoring for an e-government extranet (政务外网安全哨兵)."""

from sentinel.kernel_cache import use_kernel_cache

__version__ = "0.1.0"

use_kernel_cache()
