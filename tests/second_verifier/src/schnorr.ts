// Schnorr signatures of COCKTAIL-DKG over ristretto255 (docs/spec/ceremony.md).

import { need, readLE, utf8 } from "./bytes.ts";
import { type Element, G, Q, element, encode, scalar, times } from "./group.ts";
import { sha512 } from "./hashing.ts";

const PREFIX = utf8("COCKTAIL-DKG-Ristretto255-SHA512-H7");

export function checkSchnorr(key: Element, message: Uint8Array, signature: Uint8Array): void {
  need(signature.length === 64, "a signature has 64 bytes");
  const R = element(signature.subarray(0, 32));
  const z = scalar(signature.subarray(32));
  const c = readLE(sha512(PREFIX, signature.subarray(0, 32), encode(key), message)) % Q;
  need(times(z, G).subtract(times(c, key)).equals(R), "the signature does not verify");
}
