"""The rules that a record must keep. Ids never change their meaning; ``docs/spec/rules.md`` tells each in full."""

from __future__ import annotations

from typing import NamedTuple


class Rule(NamedTuple):
    """A rule: its id (step's letter and number), its step, what it asks, and the section that specifies it."""

    id: str
    step: str
    title: str
    reference: str
    #: What the count of checked items counts.
    unit: str


def _rules(step: str, *rules: tuple[str, str, str, str]) -> list[Rule]:
    return [Rule(rule, step, title, reference, unit) for rule, title, reference, unit in rules]


_ALL = [
    *_rules(
        "manifest",
        ("M1", "The log begins with a manifest that can work", "spec/manifest.md", "manifests"),
        ("M2", "The authority signed the manifest", "spec/records.md#signed-entries", "signatures"),
        ("M3", "The election's id is the one that was announced", "spec/manifest.md#election-id", "ids"),
    ),
    *_rules(
        "log",
        ("L1", "Every entry is a canonical record", "spec/records.md", "entries"),
        ("L2", "Every entry is of this election", "spec/records.md#members", "entries"),
        ("L3", "Every entry stands in its phase", "spec/board.md#phases", "entries"),
        ("L4", "Every entry is signed by whom it must be", "spec/records.md#signed-entries", "signatures"),
        ("L5", "The entries are those of the signed checkpoint", "spec/board.md#checkpoint", "entries"),
        ("L6", "The log begins as the pinned checkpoint says", "spec/board.md#checkpoint", "entries"),
        (
            "L7",
            "Enough of the pinned cosigners signed the checkpoint",
            "spec/board.md#cosignatures",
            "cosignatures",
        ),
        ("L8", "The authority sealed these very ballots", "spec/tally.md#seal", "seals"),
    ),
    *_rules(
        "ceremony",
        ("K1", "Each trustee committed once", "spec/ceremony.md#commitments", "commitments"),
        (
            "K2",
            "Each trustee's message opens its commitment and is well-formed",
            "spec/ceremony.md#messages",
            "messages",
        ),
        ("K3", "Each trustee signed the transcript", "spec/ceremony.md#confirmations", "confirmations"),
        ("K4", "The ceremony was complete before credentials were issued", "spec/ceremony.md", "ceremonies"),
        ("K5", "Each complaint accuses another trustee, once", "spec/ceremony.md#complaints", "complaints"),
    ),
    *_rules(
        "credential",
        (
            "C1",
            "The register counts every credential, and no more than the roll",
            "spec/credential.md#register",
            "credentials",
        ),
        (
            "C2",
            "Every ballot's credential was signed by every registrar",
            "spec/credential.md#credential",
            "ballots, cast or challenged",
        ),
        ("C3", "No more credentials vote than were issued", "spec/credential.md#register", "ballots"),
    ),
    *_rules(
        "ballot",
        (
            "B1",
            "Every ballot's contests are the manifest's, and its points are valid",
            "spec/ballot.md#ciphertexts",
            "ballots",
        ),
        ("B2", "Every ballot's proofs hold", "spec/ballot.md#proof", "proofs"),
        (
            "B3",
            "No ballot is in the log twice, and none that was challenged is cast",
            "spec/ballot.md#uniqueness",
            "ballots",
        ),
        ("H1", "Every challenged ballot is what its opening says", "spec/ballot.md#challenge", "challenges"),
        ("H2", "No ballot that was cast is opened", "spec/ballot.md#challenge", "challenges"),
    ),
    *_rules(
        "mixing",
        (
            "X1",
            "Each round of mixing is the next, by a mixer of its own, over all batches",
            "spec/mixing.md#rounds",
            "rounds",
        ),
        ("X2", "Every shuffle's proof holds", "spec/mixing.md#shuffles", "shuffles"),
        (
            "X3",
            "Every share of the mixed lines is proven, after the last round",
            "spec/mixing.md#shares",
            "shares",
        ),
    ),
    *_rules(
        "tally",
        ("T1", "Every decryption share is proven, for these very ballots", "spec/tally.md#shares", "shares"),
        ("T2", "At least a quorum of trustees decrypted", "spec/tally.md#quorum", "results"),
        ("T3", "The counts are those that the shares decrypt to", "spec/tally.md#counts", "lines"),
        (
            "T4",
            "The outcomes follow from the counts by the manifest's rules",
            "spec/tally.md#outcomes",
            "lines",
        ),
        ("T5", "Sums and mixed lines give the same counts", "spec/tally.md#both", "lines"),
    ),
]

#: Every rule by its id, in the order of the report.
RULES: dict[str, Rule] = {rule.id: rule for rule in _ALL}
