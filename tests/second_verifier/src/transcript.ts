// Challenges by SHAKE128 (docs/spec/encoding.md, "Transcripts of proofs").

import { shake128 } from "@noble/hashes/sha3.js";
import { concat, pieces, readLE, utf8 } from "./bytes.ts";
import { Q } from "./group.ts";
import { type Field, frame, label } from "./hashing.ts";

const BLOCK = new Uint8Array(136);
const SUITE = "DSFS-with-sigma-proofs_Shake128_ristretto255";

export function session(tag: string, ...context: Field[]): Uint8Array {
  const input = concat(utf8("irtf-cfrg-fiat-shamir/session-id"), BLOCK, frame(label(tag), SUITE, ...context));
  return shake128(input, { dkLen: 32 });
}

export function squeeze(session: Uint8Array, message: Uint8Array, size: number): Uint8Array {
  return shake128(concat(session, BLOCK, message), { dkLen: size });
}

/** So many challenges of 48 bytes, each reduced. */
export function challenges(session: Uint8Array, message: Uint8Array, count: number): bigint[] {
  return pieces(squeeze(session, message, 48 * count), 48).map((piece) => readLE(piece) % Q);
}

export function challenge(session: Uint8Array, message: Uint8Array): bigint {
  return challenges(session, message, 1)[0];
}
