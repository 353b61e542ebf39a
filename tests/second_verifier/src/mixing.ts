// Rounds of mixing, and shares of what came out (docs/spec/mixing.md).

import { equal, hex, join, need, pieces } from "./bytes.ts";
import { type Batch, type Election } from "./election.ts";
import { type Element, element, elements, encode, hold, times } from "./group.ts";
import { sha256, tagged } from "./hashing.ts";
import { type BatchFile, type Records } from "./records.ts";
import { equality, shuffle, shuffleSize } from "./shuffle.ts";
import { session } from "./transcript.ts";

type MixRound = Records["mix-round"];
type LineShare = Records["line-share"];

/** What a file of the directory `attachments` holds, or null where there is none of that size. */
export type Attachments = (digest: string, size: number) => Uint8Array | null;

export class Mixing {
  readonly #election: Election;
  readonly #key: Element;
  readonly #root: Uint8Array;
  /** How many ballots count. */
  readonly rows: number;
  readonly #inputs: Uint8Array[];
  readonly #attachments: Attachments;
  readonly #rounds: MixRound[] = [];
  #basis: Uint8Array;
  /** By trustees' indices: for each batch the shares of its ciphertexts. */
  readonly shares = new Map<number, Uint8Array[]>();

  /** `inputs` are the rows of each batch as they were cast. */
  constructor(election: Election, key: Element, root: Uint8Array, rows: number, inputs: Uint8Array[], attachments: Attachments) {
    this.#election = election;
    this.#key = key;
    this.#root = this.#basis = root;
    this.rows = rows;
    this.#inputs = inputs;
    this.#attachments = attachments;
  }

  get needed(): number {
    return this.rows > 0 && this.#election.batches.length > 0 ? this.#election.manifest.mixing_rounds : 0;
  }

  #checkFiles(files: BatchFile[], size: (batch: Batch) => number): void {
    const { batches } = this.#election;
    need(files.length === batches.length, "the batches are not the election's");
    batches.forEach((batch, at) => {
      const file = files[at];
      need(file.contest === batch.contest.id && file.line === batch.line, "the batches are not the election's, in order");
      need(file.size === size(batch), "an attachment is of another size");
    });
  }

  #read(file: BatchFile): Uint8Array {
    const data = this.#attachments(hex(file.digest), file.size);
    need(data !== null, "an attachment is missing, or has another size");
    need(data.length === file.size && equal(sha256(data), file.digest), "an attachment is another");
    return data;
  }

  #rowsSize(batch: Batch): number {
    return 64 * batch.width * this.rows;
  }

  /** The rows of a batch as they are now. */
  #rowsNow(place: number): Uint8Array {
    const last = this.#rounds.at(-1);
    if (last === undefined) return this.#inputs[place];
    return this.#read(last.batches[place]).subarray(0, this.#rowsSize(this.#election.batches[place]));
  }

  // Rounds.

  checkRound(round: MixRound): void {
    need(this.needed > 0, "nothing is to be mixed");
    need(this.#election.manifest.mixers.some((mixer) => mixer.id === round.mixer), "there is no such mixer");
    need(!this.#rounds.some((earlier) => earlier.mixer === round.mixer), "the mixer has mixed");
    need(round.round === this.#rounds.length + 1 && round.round <= this.needed, "it is not the next round");
    need(equal(round.basis, this.#basis), "another basis was mixed");
    this.#checkFiles(round.batches, (batch) => this.#rowsSize(batch) + shuffleSize(this.rows, batch.width));
  }

  checkShuffle(round: MixRound, place: number): void {
    const batch = this.#election.batches[place];
    const inputs = this.#rowsNow(place);
    const data = this.#read(round.batches[place]);
    const split = this.#rowsSize(batch);
    const { id } = this.#election;
    const context = session("shuffle-proof", id, this.#root, batch.contest.id, batch.line, round.round, round.mixer);
    const equations = shuffle(context, this.#key, batch.width, inputs, data.subarray(0, split), data.subarray(split));
    need(hold(equations), "the proof of a shuffle does not hold");
  }

  /** Takes a round that X1 passed. */
  takeRound(round: MixRound, body: Uint8Array): void {
    this.#rounds.push(round);
    this.#basis = tagged("mix-basis", body);
  }

  // Shares of lines.

  checkShareOrder(share: LineShare): void {
    need(this.needed > 0, "no lines are to be decrypted");
    const index = this.#election.trusteeIndex(share.trustee);
    need(index > 0 && !this.shares.has(index), "there is no such trustee, or it has posted its share");
    need(this.#rounds.length >= this.needed, "a round is missing");
    need(equal(share.basis, this.#basis), "another round was decrypted");
    this.#checkFiles(share.batches, (batch) => this.#rowsSize(batch) / 2 + 96);
  }

  /** The shares of a batch's ciphertexts. */
  checkShare(share: LineShare, place: number, verification: Element): Uint8Array {
    const batch = this.#election.batches[place];
    const pads = join(pieces(this.#rowsNow(place), 64).map((ciphertext) => ciphertext.subarray(0, 32)));
    const data = this.#read(share.batches[place]);
    const { id } = this.#election;
    const context = session("line-decryption-proof", id, this.#root, batch.contest.id, batch.line, share.trustee);
    const held = data.subarray(0, pads.length);
    need(hold(equality(context, verification, pads, held, data.subarray(pads.length))), "the proof of a share does not hold");
    return held;
  }

  // Lines.

  /** The messages of a batch, row by row, by the shares of a quorum. */
  decrypt(place: number, lambda: Map<number, bigint>): Element[][] {
    if (this.rows === 0) return [];
    const ciphertexts = pieces(this.#rowsNow(place), 64);
    const shares = [...lambda].map(([index, factor]) => ({ factor, D: elements(this.shares.get(index)![place]) }));
    const messages = ciphertexts.map((ciphertext, at) =>
      shares.reduce((rest, { factor, D }) => rest.subtract(times(factor, D[at])), element(ciphertext.subarray(32))),
    );
    const { width } = this.#election.batches[place];
    return Array.from({ length: this.rows }, (_, row) => messages.slice(width * row, width * (row + 1)));
  }
}

export const key = (points: Element[]): string => points.map((point) => hex(encode(point))).join();
