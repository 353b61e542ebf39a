// Byte strings: numbers, hexadecimal, UTF-8 and both kinds of base64 in their one canonical text (docs/spec/encoding.md).

/** What is wrong with a record. Everything else that is thrown is an error of the verifier. */
export class Refusal extends Error {}

export function refuse(why: string): never {
  throw new Refusal(why);
}

export function need(condition: boolean, why: string): asserts condition {
  if (!condition) refuse(why);
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  return join(parts);
}

/** The same of many: a call has room for some hundred thousand arguments, and a record can have more rows. */
export function join(parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** Orders byte strings as strings of numbers. */
export function compare(one: Uint8Array, other: Uint8Array): number {
  for (let at = 0; at < Math.min(one.length, other.length); at++) {
    if (one[at] !== other[at]) return one[at] - other[at];
  }
  return one.length - other.length;
}

/** Pieces of `size` bytes; the last is shorter where the length is no multiple. */
export function pieces(data: Uint8Array, size: number): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += size) out.push(data.subarray(at, at + size));
  return out;
}

// Integers.

export function readBE(data: Uint8Array): bigint {
  return data.length === 0 ? 0n : BigInt(`0x${hex(data)}`);
}

export function readLE(data: Uint8Array): bigint {
  return readBE(Uint8Array.from(data).reverse());
}

export function writeBE(value: bigint | number, size: number): Uint8Array {
  const digits = BigInt(value).toString(16).padStart(2 * size, "0");
  if (digits.length !== 2 * size) throw new RangeError(`not an integer of ${size} bytes`);
  return unhex(digits);
}

export function writeLE(value: bigint | number, size: number): Uint8Array {
  return writeBE(value, size).reverse();
}

// Texts.

export function hex(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function unhex(text: string): Uint8Array {
  need(/^([0-9a-f]{2})*$/.test(text), "not hexadecimal");
  return Uint8Array.from({ length: text.length / 2 }, (_, at) => parseInt(text.slice(2 * at, 2 * at + 2), 16));
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function fromUtf8(data: Uint8Array): string {
  try {
    return decoder.decode(data);
  } catch {
    return refuse("not UTF-8");
  }
}

/** Whether a string of this language, which is one of UTF-16 code units, is a text: it has no lone surrogate. */
export function isText(value: string): boolean {
  return !/[\ud800-\udfff]/u.test(value);
}

/** Padded base64, as in checkpoints. */
export function toBase64(data: Uint8Array): string {
  return Buffer.from(data).toString("base64");
}

export function fromBase64(text: string): Uint8Array {
  const data = new Uint8Array(Buffer.from(text, "base64"));
  need(toBase64(data) === text, "not canonical base64");
  return data;
}

/** Base64url without padding, as in records. */
export function toBase64url(data: Uint8Array): string {
  return Buffer.from(data).toString("base64url");
}

export function fromBase64url(text: string): Uint8Array {
  const data = new Uint8Array(Buffer.from(text, "base64url"));
  need(toBase64url(data) === text, "not canonical base64url");
  return data;
}
