// Ed25519 with the checks of docs/spec/encoding.md: strict keys, no small orders, the equation without the cofactor.

import { ed25519 } from "@noble/curves/ed25519.js";
import { equal, hex, need, readLE, refuse } from "./bytes.ts";
import { Q } from "./group.ts";
import { frame, sha256, sha512 } from "./hashing.ts";

const { Point } = ed25519;
type Point = InstanceType<typeof Point>;

function decode(data: Uint8Array): Point | null {
  try {
    return Point.fromBytes(data, false);
  } catch {
    return null;
  }
}

/** Hashes of keys, signatures and messages that hold: several records of one election have most of them in common. */
const verified = new Set<string>();

/** Refuses what is not a signature of the message by the key. */
export function checkSignature(key: Uint8Array, message: Uint8Array, signature: Uint8Array): void {
  need(signature.length === 64, "a signature has 64 bytes");
  const all = hex(sha256(frame(key, signature, message)));
  if (verified.has(all)) return;
  const R = signature.subarray(0, 32);
  const s = readLE(signature.subarray(32));
  need(s < Q, "the signature's integer is not below the order");
  const A = (key.length === 32 ? decode(key) : null) ?? refuse("the key is no point of the curve");
  need(!A.isSmallOrder(), "the key is of small order");
  need(!(decode(R)?.isSmallOrder() ?? false), "R is of small order");
  const k = readLE(sha512(R, key, message)) % Q;
  const expected = Point.BASE.multiplyUnsafe(s).subtract(A.multiplyUnsafe(k));
  need(equal(expected.toBytes(), R), "the signature does not verify");
  if (verified.size < 100_000) verified.add(all);
}
