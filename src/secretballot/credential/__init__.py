"""Credentials: the registrar signs blindly, so that no one can tell which voter holds which ballot key.

The holder makes an Ed25519 ballot key and has every registrar blind-sign it (RFC 9474). :mod:`.registrar` and
:mod:`.holder` hold secrets; what anyone can check is in :mod:`.checks`.
"""

from .records import Credential, Issuance

__all__ = ["Credential", "Issuance"]
