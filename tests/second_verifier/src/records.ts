// The types of records other than the manifest, and entries taken apart (docs/spec/records.md, and the page of each step).

import { concat, equal, fromBase64url, fromUtf8, need, utf8 } from "./bytes.ts";
import { checkSignature } from "./ed25519.ts";
import { frame, label } from "./hashing.ts";
import { type Read, blob, boolean, count, digest, id, integer, list, nullable, object, one, parseCanonical, string, tagged, text } from "./json.ts";
import { manifest } from "./manifest.ts";

const head = <T extends string>(kind: T) => ({ record: one(label(kind)), election: digest });

const ballot = object({
  ...head("ballot"),
  credential: object({ key: digest, signatures: list(blob(), 1) }),
  contests: list(object({ id, ciphertexts: blob(), proof: blob() }), 1),
});

const batches = list(object({ contest: id, line: id, digest, size: count }), 1);

const line = object({ id, counts: list(count), blank: count, outcomes: list(id) });
const invalid = { valid: count, blank: count, invalid: count, invalid_lines: list(object({ line: count, reason: text }), 0, 100) };
const method = tagged("method", {
  borda: object({ method: one("borda"), half_points: list(count) }),
  irv: object({
    method: one("irv"),
    rounds: list(object({ votes: list(count), exhausted: count, excluded: nullable(id), by_lot: boolean })),
    winner: nullable(id),
  }),
  stv: object({
    method: one("stv"),
    quota: count,
    stages: list(
      object({ votes: list(count), lost: count, elected: list(id), passed_on: nullable(id), excluded: boolean, by_lot: boolean }),
    ),
    elected: list(id),
  }),
  schulze: object({ method: one("schulze"), above: list(list(count)), order: list(list(id)), condorcet_winner: nullable(id) }),
});

const contestResult = tagged("kind", {
  lines: object({ kind: one("lines"), id, lines: list(line) }),
  ranking: object({ kind: one("ranking"), id, ...invalid, methods: list(method) }),
  write_in: object({
    kind: one("write_in"),
    id,
    ...invalid,
    texts: list(object({ text: string, count }), 0, 1000),
    others: count,
  }),
});

const types = {
  manifest,
  phase: object({ ...head("phase"), phase: one("issuance", "voting", "tally") }),
  "ceremony-commitment": object({ ...head("ceremony-commitment"), trustee: id, commitment: digest }),
  "ceremony-message": object({ ...head("ceremony-message"), trustee: id, message: blob() }),
  "ceremony-complaint": object({ ...head("ceremony-complaint"), trustee: id, accused: id, reason: text }),
  "ceremony-confirmation": object({ ...head("ceremony-confirmation"), trustee: id, signature: blob() }),
  issuance: object({ ...head("issuance"), registrar: id, serial: count, request: digest }),
  ballot,
  "challenged-ballot": object({
    ...head("challenged-ballot"),
    ballot: string,
    openings: list(object({ id, choices: list(count), randomness: blob() }), 1),
  }),
  seal: object({ ...head("seal"), basis: digest }),
  "decryption-share": object({ ...head("decryption-share"), trustee: id, basis: digest, shares: blob(), proof: blob() }),
  "mix-round": object({ ...head("mix-round"), mixer: id, round: integer(1), basis: digest, batches }),
  "line-share": object({ ...head("line-share"), trustee: id, basis: digest, batches }),
  result: object({
    ...head("result"),
    collected: count,
    roll: count,
    below_minimum_group: boolean,
    contests: list(contestResult),
  }),
};

export type Kind = keyof typeof types;
export type Records = { [K in Kind]: Read<(typeof types)[K]> };
export type Ballot = Records["ballot"];
export type Result = Records["result"];
export type ContestResult = Result["contests"][number];
export type MethodResult = Read<typeof method>;
export type BatchFile = Read<typeof batches>[number];

/** An entry taken apart; `record` is of the type of its kind. */
export type Entry = { [K in Kind]: { kind: K; record: Records[K]; body: Uint8Array; signature: Uint8Array } }[Kind];

const HEAD = utf8('{"body":');
const MIDDLE = utf8(',"signature":"');
const END = utf8('"}');

export function parseEntry(raw: Uint8Array): Entry {
  need(raw.length <= 8_388_608, "an entry is too long");
  const tail = raw.length - MIDDLE.length - 86 - END.length;
  need(tail >= HEAD.length && !raw.includes(0x0a), "not an entry");
  need(equal(raw.subarray(0, HEAD.length), HEAD), "not an entry");
  need(equal(raw.subarray(tail, tail + MIDDLE.length), MIDDLE), "not an entry");
  need(equal(raw.subarray(raw.length - END.length), END), "not an entry");
  const signature = fromBase64url(fromUtf8(raw.subarray(tail + MIDDLE.length, raw.length - END.length)));
  const body = raw.subarray(HEAD.length, tail);
  const kind = /^\{"record":"secretballot\/1\/([a-z-]{1,40})"/.exec(Buffer.from(body.subarray(0, 80)).toString("latin1"))?.[1];
  need(kind !== undefined && Object.hasOwn(types, kind), "not a record of a kind that a log may hold");
  return { kind, body, signature, record: types[kind as Kind](parseCanonical(body)) } as Entry;
}

/** The ballot within a challenge. */
export function parseBallot(body: Uint8Array): Ballot {
  return ballot(parseCanonical(body));
}

export function checkEntry({ body, signature }: Entry, key: Uint8Array): void {
  checkSignature(key, concat(frame(label("signed-entry"), body)), signature);
}
