"""Where the attacks were published, or what a standard says of them."""

from __future__ import annotations

#: A log that shows two histories, and who finds out.
FORK = "Mazières, Shasha: Building secure file systems out of Byzantine storage (PODC 2002); RFC 9162, section 11.3"
NOTE = "C2SP signed-note, tlog-checkpoint"
WITNESS = "C2SP tlog-witness, tlog-cosignature"

#: Readers that disagree.
PARSERS = "Seriot: Parsing JSON is a minefield (2016); RFC 8259, section 4"
SPARE_BITS = "RFC 4648, section 3.5"
CANONICAL = "RFC 9496, section 4.3.1"

#: Signatures that verify where they should not.
MALLEABLE = "RFC 8032, section 8.4"
SMALL_ORDER = "Chalkias, Garillot, Nikolaenko: Taming the many EdDSAs (SSR 2020)"
BLIND_RSA = "RFC 9474, section 4.4"
WEAK_RSA = "NIST SP 800-89, section 5.3.3"

#: The key ceremony.
BIAS = "Gennaro, Jarecki, Krawczyk, Rabin: Secure distributed key generation (Journal of Cryptology 2007)"
ROGUE = "Ristenpart, Yilek: The power of proofs-of-possession (EUROCRYPT 2007)"
TOO_MANY = "Trail of Bits: Breaking the shared key in threshold signature schemes (2024)"

#: Ballots.
STUFFING = "Cortier, Galindo, Glondu, Izabachène: Election verifiability for Helios (ESORICS 2014)"
COPIES = "Cortier, Smyth: Attacking and fixing Helios (Journal of Computer Security 2013)"
CLASH = "Küsters, Truderung, Vogt: Clash attacks on the verifiability of e-voting systems (IEEE S&P 2012)"
BENALOH = "Benaloh: Simple verifiable elections (EVT 2006)"

#: Proofs.
WEAK = "Bernhard, Pereira, Warinschi: How not to prove yourself (ASIACRYPT 2012)"
PARTIAL = "Cramer, Damgård, Schoenmakers: Proofs of partial knowledge (CRYPTO 1994)"
EQUAL = "Chaum, Pedersen: Wallet databases with observers (CRYPTO 1992)"

#: Mixing.
RELATED = "Pfitzmann: Breaking an efficient anonymous channel (EUROCRYPT 1994)"
SHUFFLE = "Terelius, Wikström: Proofs of restricted shuffles (AFRICACRYPT 2010)"
LENGTHS = "Haines, Lewis, Pereira, Teague: How not to prove your election outcome (IEEE S&P 2020)"
TRAPDOOR = "Lewis, Pereira, Teague: Ceci n'est pas une preuve (2019), on the Swiss Post system"
