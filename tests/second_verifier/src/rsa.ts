// Issuing keys and credentials' signatures: RSASSA-PSS with SHA-384 (docs/spec/credential.md; RFC 8017, section 8.1.2).

import { concat, equal, need, readBE, unhex, writeBE } from "./bytes.ts";
import { sha384 } from "./hashing.ts";

const EXPONENT = 65537n;
const HASH = 48;
const SALT = 48;
/** AlgorithmIdentifier: rsaEncryption, NULL. */
const ALGORITHM = unhex("300d06092a864886f70d0101010500");

export interface RsaKey {
  modulus: bigint;
  bits: number;
}

/** A DER value: tag, length in its shortest form, content. */
function der(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return concat(Uint8Array.of(tag, ...size), content);
}

function integer(value: bigint): Uint8Array {
  const digits = value.toString(16);
  const data = unhex(digits.padStart(digits.length + (digits.length % 2), "0"));
  return der(0x02, data[0] >= 128 ? concat(Uint8Array.of(0), data) : data);
}

function subjectPublicKeyInfo(modulus: bigint): Uint8Array {
  const key = der(0x30, concat(integer(modulus), integer(EXPONENT)));
  return der(0x30, concat(ALGORITHM, der(0x03, concat(Uint8Array.of(0), key))));
}

const SMALL_PRIMES = Array.from({ length: 752 }, (_, at) => at).filter(
  (value) => value > 1 && !Array.from({ length: value }, (_, at) => at).some((by) => by > 1 && value % by === 0),
);

/** The key of a SubjectPublicKeyInfo. There is one encoding of a modulus: it is written again, and compared. */
export function issuingKey(data: Uint8Array): RsaKey {
  const bits = data.length === 422 ? 3072 : 4096;
  need(data.length === (bits === 3072 ? 422 : 550), "an issuing key has another length");
  // The exponent's integer is the last: 02 03 01 00 01.
  const modulus = readBE(data.subarray(data.length - 5 - bits / 8, data.length - 5));
  need(equal(subjectPublicKeyInfo(modulus), data), "an issuing key is not the DER encoding of one");
  need(modulus.toString(2).length === bits, "a modulus has another length");
  need(SMALL_PRIMES.every((prime) => modulus % BigInt(prime) !== 0n), "a small prime divides a modulus");
  return { modulus, bits };
}

function power(base: bigint, modulus: bigint): bigint {
  let out = base;
  for (let bit = 0; bit < 16; bit++) out = (out * out) % modulus;
  return (out * base) % modulus;
}

/** MGF1 with SHA-384. */
function mask(seed: Uint8Array, size: number): Uint8Array {
  const out: Uint8Array[] = [];
  for (let count = 0; count * HASH < size; count++) out.push(sha384(seed, writeBE(count, 4)));
  return concat(...out).subarray(0, size);
}

export function checkPss({ modulus, bits }: RsaKey, message: Uint8Array, signature: Uint8Array): void {
  need(signature.length === bits / 8, "a signature of a credential has another length");
  const s = readBE(signature);
  need(s < modulus, "a signature of a credential is not below the modulus");
  // EMSA-PSS-VERIFY with emBits = bits - 1: the encoded message has as many bytes as the modulus, less one bit.
  const size = bits / 8;
  const encoded = writeBE(power(s, modulus), size);
  const why = "a signature of a credential does not verify";
  need(encoded[size - 1] === 0xbc, why);
  const masked = encoded.subarray(0, size - HASH - 1);
  const hash = encoded.subarray(size - HASH - 1, size - 1);
  need(masked[0] < 128, why);
  const block = mask(hash, masked.length).map((byte, at) => byte ^ masked[at]);
  block[0] &= 127;
  const padding = block.length - SALT - 1;
  need(block.subarray(0, padding).every((byte) => byte === 0) && block[padding] === 1, why);
  const salt = block.subarray(padding + 1);
  need(equal(sha384(new Uint8Array(8), sha384(message), salt), hash), why);
}
