// The key ceremony as outsiders see it (docs/spec/ceremony.md).

import { concat, equal, need, utf8, writeBE, writeLE } from "./bytes.ts";
import { type Election } from "./election.ts";
import { type Element, element, elements, sum, times } from "./group.ts";
import { sha512, tagged } from "./hashing.ts";
import { type Records } from "./records.ts";
import { checkSchnorr } from "./schnorr.ts";

const SUITE = utf8("COCKTAIL(Ristretto255, SHA-512)");

/** A trustee's message, taken apart. */
interface Message {
  coefficients: Element[];
  coefficientBytes: Uint8Array;
  possession: Uint8Array;
  ephemeral: Uint8Array;
}

export interface GroupKey {
  key: Element;
  verification: Element[];
}

export class Ceremony {
  readonly #election: Election;
  readonly #context: Uint8Array;
  readonly commitments = new Map<string, Uint8Array>();
  readonly messages = new Map<string, Uint8Array>();
  readonly confirmations = new Set<string>();
  readonly complaints = new Set<string>();
  /** What all messages give together, and what is then to be confirmed. */
  group: GroupKey | null = null;
  #transcript: Uint8Array = new Uint8Array();

  constructor(election: Election) {
    this.#election = election;
    const session = tagged("ceremony-context", election.id);
    const keys = election.manifest.trustees.map((trustee) => trustee.key);
    const framed = [writeBE(32, 8), session, writeBE(SUITE.length, 8), SUITE];
    this.#context = sha512(utf8("COCKTAIL-DKG-CONTEXT"), ...framed, writeLE(keys.length, 4), ...keys);
  }

  get #trustees(): string[] {
    return this.#election.manifest.trustees.map((trustee) => trustee.id);
  }

  get #quorum(): number {
    return this.#election.manifest.quorum;
  }

  #needTrustee(id: string): void {
    need(this.#trustees.includes(id), "there is no such trustee");
  }

  // Commitments.

  /** That there is such a trustee is a matter of the entry's signature. */
  checkCommitment({ trustee }: Records["ceremony-commitment"]): void {
    need(!this.commitments.has(trustee), "the trustee committed before");
  }

  takeCommitment({ trustee, commitment }: Records["ceremony-commitment"]): void {
    if (this.#trustees.includes(trustee) && !this.commitments.has(trustee)) this.commitments.set(trustee, commitment);
  }

  // Messages.

  #parse(message: Uint8Array): Message {
    const n = this.#trustees.length;
    const split = 32 * this.#quorum;
    need(message.length === split + 96 + 56 * n, "the message has another length");
    const coefficientBytes = message.subarray(0, split);
    const ephemeral = message.subarray(split + 64, split + 96);
    element(ephemeral);
    for (let at = 0; at < n; at++) {
      const from = split + 96 + 56 * at;
      need(equal(message.subarray(from, from + 8), writeBE(48, 8)), "an encrypted share has another length");
    }
    const possession = message.subarray(split, split + 64);
    return { coefficients: elements(coefficientBytes), coefficientBytes, possession, ephemeral };
  }

  #combine(messages: Message[]): GroupKey {
    const coefficients = Array.from({ length: this.#quorum }, (_, k) => sum(messages.map((message) => message.coefficients[k])));
    need(coefficients.every((point) => !point.is0()), "a coefficient of the group is the identity");
    const verification = this.#trustees.map((_, at) => {
      const index = BigInt(at + 1);
      return coefficients.reduceRight((total, point) => times(index, total).add(point));
    });
    need(verification.every((point) => !point.is0()), "a verification key is the identity");
    return { key: coefficients[0], verification };
  }

  /** A message whose proof of possession holds. */
  #proven(message: Uint8Array): Message {
    const parsed = this.#parse(message);
    checkSchnorr(parsed.coefficients[0], concat(this.#context, parsed.coefficientBytes, parsed.ephemeral), parsed.possession);
    return parsed;
  }

  /** The key of these messages, which are by the trustees' ids. */
  #groupOf(messages: Map<string, Uint8Array>): GroupKey {
    const secrets = [...messages.values()].map((message) => message.subarray(0, 32).join());
    need(new Set(secrets).size === secrets.length, "two trustees share a secret");
    return this.#combine(this.#trustees.map((trustee) => this.#proven(messages.get(trustee)!)));
  }

  checkMessage({ trustee, message }: Records["ceremony-message"]): void {
    this.#needTrustee(trustee);
    need(!this.messages.has(trustee), "the trustee posted a message before");
    need(this.#trustees.every((each) => this.commitments.has(each)), "a commitment is missing");
    const opened = tagged("ceremony-commitment", this.#election.id, trustee, message);
    need(equal(opened, this.commitments.get(trustee)!), "the message does not open the commitment");
    this.#proven(message);
    const first = message.subarray(0, 32);
    need(![...this.messages.values()].some((other) => equal(other.subarray(0, 32), first)), "two trustees share a secret");
    const all = new Map([...this.messages, [trustee, message]]);
    if (this.#trustees.every((each) => all.has(each))) this.#groupOf(all);
  }

  takeMessage({ trustee, message }: Records["ceremony-message"]): void {
    if (this.messages.has(trustee) || !this.#trustees.includes(trustee)) return;
    this.messages.set(trustee, message);
    if (!this.#trustees.every((each) => this.messages.has(each))) return;
    try {
      this.group = this.#groupOf(this.messages);
      this.#transcript = this.#transcribe();
    } catch {
      // K2 has failed, and whatever needs the key fails too.
    }
  }

  // Confirmations and complaints.

  #transcribe(): Uint8Array {
    const { trustees } = this.#election.manifest;
    const messages = trustees.map((trustee) => this.#parse(this.messages.get(trustee.id)!));
    return concat(
      writeLE(SUITE.length, 8),
      SUITE,
      writeLE(this.#context.length, 8),
      this.#context,
      writeLE(trustees.length, 4),
      writeLE(this.#quorum, 4),
      ...trustees.map((trustee) => trustee.key),
      ...messages.map((message) => message.coefficientBytes),
      ...messages.map((message) => message.possession),
      ...messages.map((message) => message.ephemeral),
      writeLE(0, 8),
    );
  }

  checkConfirmation({ trustee, signature }: Records["ceremony-confirmation"]): void {
    this.#needTrustee(trustee);
    need(!this.confirmations.has(trustee) && !this.complaints.has(trustee), "the trustee confirmed or complained before");
    need(this.group !== null, "there is no election key");
    const key = element(this.#election.manifest.trustees[this.#election.trusteeIndex(trustee) - 1].key);
    checkSchnorr(key, this.#transcript, signature);
  }

  takeConfirmation({ trustee }: Records["ceremony-confirmation"]): void {
    if (this.#trustees.includes(trustee)) this.confirmations.add(trustee);
  }

  checkComplaint({ trustee, accused }: Records["ceremony-complaint"]): void {
    this.#needTrustee(trustee);
    this.#needTrustee(accused);
    need(trustee !== accused, "a trustee accuses itself");
    need(!this.confirmations.has(trustee) && !this.complaints.has(trustee), "the trustee confirmed or complained before");
  }

  takeComplaint({ trustee }: Records["ceremony-complaint"]): void {
    if (this.#trustees.includes(trustee)) this.complaints.add(trustee);
  }

  checkComplete(): void {
    need(this.complaints.size === 0, "a trustee complained");
    need(this.#trustees.every((trustee) => this.confirmations.has(trustee)), "a trustee has not confirmed");
    need(this.group !== null, "there is no election key");
  }
}
