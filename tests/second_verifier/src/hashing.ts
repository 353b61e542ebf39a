// Frames, tags and hashes (docs/spec/encoding.md).

import { sha256 as sha256of, sha384 as sha384of, sha512 as sha512of } from "@noble/hashes/sha2.js";
import { concat, utf8, writeBE } from "./bytes.ts";

export const sha256 = (...parts: Uint8Array[]): Uint8Array => sha256of(concat(...parts));
export const sha384 = (...parts: Uint8Array[]): Uint8Array => sha384of(concat(...parts));
export const sha512 = (...parts: Uint8Array[]): Uint8Array => sha512of(concat(...parts));

export type Field = Uint8Array | string | number;

/** Each field behind its length; an integer has 8 bytes. */
export function frame(...fields: Field[]): Uint8Array {
  const out: Uint8Array[] = [];
  for (const field of fields) {
    const data = typeof field === "string" ? utf8(field) : typeof field === "number" ? writeBE(field, 8) : field;
    out.push(writeBE(data.length, 8), data);
  }
  return concat(...out);
}

export const label = (tag: string): string => `secretballot/1/${tag}`;

/** H(tag, …). */
export const tagged = (tag: string, ...fields: Field[]): Uint8Array => sha256(frame(label(tag), ...fields));
