// Signed notes, checkpoints and cosignatures (docs/spec/board.md).

import { equal, fromBase64, fromUtf8, hex, need, readBE, utf8 } from "./bytes.ts";
import { checkSignature } from "./ed25519.ts";
import { sha256 } from "./hashing.ts";

export interface SignatureLine {
  name: string;
  id: string;
  signature: Uint8Array;
}

export interface Note {
  text: string;
  lines: SignatureLine[];
}

/** Unicode's property White_Space. */
const SPACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

function isName(name: string): boolean {
  return name !== "" && !/[+\u0000-\u001f]/.test(name) && !SPACE.test(name);
}

export function parseNote(data: Uint8Array): Note {
  need(data.length <= 1_000_000, "a note is too long");
  const whole = fromUtf8(data);
  need(!/[\u0000-\u0009\u000b-\u001f]/.test(whole), "a note holds control characters");
  need(whole.endsWith("\n"), "a note does not end in a line feed");
  const split = whole.lastIndexOf("\n\n");
  need(split >= 0, "a note has no empty line");
  const lines = whole.slice(split + 2, -1).split("\n");
  need(whole.length > split + 2 && lines.length <= 100, "a note has 1 to 100 signature lines");
  return { text: whole.slice(0, split + 1), lines: lines.map(parseLine) };
}

function parseLine(line: string): SignatureLine {
  const parts = line.split(" ");
  need(parts.length === 3 && parts[0] === "—" && isName(parts[1]), "not a signature line");
  const data = fromBase64(parts[2]);
  need(data.length > 4, "a signature line has no signature");
  return { name: parts[1], id: hex(data.subarray(0, 4)), signature: data.subarray(4) };
}

function keyId(name: string, type: number, key: Uint8Array): string {
  return hex(sha256(utf8(name), Uint8Array.of(0x0a, type), key).subarray(0, 4));
}

export interface Checkpoint {
  origin: string;
  size: bigint;
  root: Uint8Array;
}

export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.slice(0, -1).split("\n");
  need(lines.length >= 3 && lines.every((line) => line !== ""), "not a checkpoint");
  const [origin, size, root] = lines;
  need(/^(0|[1-9][0-9]{0,19})$/.test(size) && BigInt(size) < 2n ** 64n, "the size of a checkpoint is none");
  const bytes = fromBase64(root);
  need(bytes.length === 32, "the root of a checkpoint has 32 bytes");
  need(size !== "0" || equal(bytes, sha256()), "the root is not that of no entries");
  return { origin, size: BigInt(size), root: bytes };
}

/** The checkpoint of a note that the board signed, of this origin. */
export function openCheckpoint(data: Uint8Array, origin: string, key: Uint8Array): Checkpoint {
  const note = parseNote(data);
  const id = keyId(origin, 0x01, key);
  const own = note.lines.filter((line) => line.name === origin && line.id === id);
  need(own.length === 1, "there is not one line by the board");
  checkSignature(key, utf8(note.text), own[0].signature);
  const checkpoint = parseCheckpoint(note.text);
  need(checkpoint.origin === origin, "the checkpoint is of another log");
  return checkpoint;
}

export interface Cosigner {
  name: string;
  id: string;
  key: Uint8Array;
}

/** A cosigner's vkey: name, key id and key behind its type. */
export function parseVkey(text: string): Cosigner {
  const [name, id, ...rest] = text.split("+");
  // Base64 holds plus signs, too.
  const data = fromBase64(rest.join("+"));
  need(isName(name) && data.length === 33 && data[0] === 0x04, "not the vkey of a cosigner");
  const key = data.subarray(1);
  need(id === keyId(name, 0x04, key), "the key id of a vkey is another");
  return { name, id, key };
}

/** How many of the cosigners signed: every line of one of them must verify. */
export function countCosigners(note: Note, cosigners: Cosigner[]): number {
  const signed = new Set<Cosigner>();
  for (const line of note.lines) {
    const by = cosigners.find(({ name, id }) => name === line.name && id === line.id);
    if (by === undefined) continue;
    need(line.signature.length === 72, "a cosignature has 72 bytes");
    const time = readBE(line.signature.subarray(0, 8));
    need(time < 2n ** 63n, "the time of a cosignature is none");
    const message = utf8(`cosignature/v1\ntime ${time}\n${note.text}`);
    checkSignature(by.key, message, line.signature.subarray(8));
    signed.add(by);
  }
  return signed.size;
}
