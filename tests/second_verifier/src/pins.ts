// What an auditor holds against a record: its id, a checkpoint, cosigners (docs/spec/rules.md; M3, L6 and L7).

import { equal, need } from "./bytes.ts";
import { type Manifest } from "./manifest.ts";
import { type Checkpoint, type Cosigner, countCosigners, openCheckpoint, parseCheckpoint, parseNote, parseVkey } from "./note.ts";

export class Pins {
  readonly election: Uint8Array | null;
  readonly checkpoint: Checkpoint | null = null;
  readonly #note: Uint8Array | null;
  readonly cosigners: Cosigner[];
  readonly #needed: number;

  /** Refuses what cannot be pinned. */
  constructor(election: Uint8Array | null, note: Uint8Array | null, vkeys: string[], needed: number | null) {
    need(election === null || election.length === 32, "an election's id has 32 bytes");
    this.election = election;
    this.#note = note;
    if (note !== null) {
      this.checkpoint = parseCheckpoint(parseNote(note).text);
      need(this.checkpoint.size > 0n, "a checkpoint of no entries pins nothing");
    }
    this.cosigners = vkeys.map(parseVkey);
    const keys = this.cosigners.map((cosigner) => Buffer.from(cosigner.key).toString("hex"));
    need(new Set(keys).size === keys.length, "two cosigners have one key");
    this.#needed = needed ?? keys.length;
    need(needed === null || (needed >= 1 && needed <= keys.length), "so many cosigners cannot be needed");
  }

  /** L6: `root` is that of the log over as many entries as the pinned checkpoint is of, or null where it has fewer. */
  checkCheckpoint({ board }: Manifest, root: Uint8Array | null): void {
    openCheckpoint(this.#note!, board.origin, board.key);
    need(root !== null, "the log is shorter than the pinned checkpoint");
    need(equal(root, this.checkpoint!.root), "the log does not begin as the pinned checkpoint says");
  }

  /** L7: how many of the pinned cosigners signed the record's checkpoint. */
  countCosignatures({ board }: Manifest, note: Uint8Array): number {
    need(!this.cosigners.some((cosigner) => equal(cosigner.key, board.key)), "a pinned cosigner has the board's key");
    const parsed = parseNote(note);
    const signed = countCosigners(parsed, this.cosigners);
    need(parseCheckpoint(parsed.text).origin === board.origin, "the checkpoint is of another log");
    need(signed >= this.#needed, "too few of the pinned cosigners signed");
    return signed;
  }
}
