// Ristretto255, and equations over it, which are verified many at once (docs/spec/encoding.md, docs/spec/index.md).

import { randomBytes } from "node:crypto";
import { ristretto255, ristretto255_hasher } from "@noble/curves/ed25519.js";
import { need, pieces, readBE, readLE, refuse, writeLE } from "./bytes.ts";

export type Element = InstanceType<typeof ristretto255.Point>;

export const Q = 2n ** 252n + 27742317777372353535851937790883648493n;
export const G: Element = ristretto255.Point.BASE;
export const ZERO: Element = ristretto255.Point.ZERO;

export const mod = (value: bigint): bigint => ((value % Q) + Q) % Q;

/** An element of a record: 32 canonical bytes, and not the identity. */
export function element(data: Uint8Array): Element {
  need(data.length === 32, "an element has 32 bytes");
  let point: Element;
  try {
    point = ristretto255.Point.fromBytes(data);
  } catch {
    return refuse("not the encoding of an element");
  }
  need(!point.is0(), "an element is the identity");
  return point;
}

export function elements(data: Uint8Array): Element[] {
  return pieces(data, 32).map(element);
}

/** A scalar of a record: 32 bytes, below the order. */
export function scalar(data: Uint8Array): bigint {
  need(data.length === 32, "a scalar has 32 bytes");
  const value = readLE(data);
  need(value < Q, "a scalar is not below the order");
  return value;
}

export function scalars(data: Uint8Array): bigint[] {
  return pieces(data, 32).map(scalar);
}

export const encode = (point: Element): Uint8Array => point.toBytes();
export const encodeScalar = (value: bigint): Uint8Array => writeLE(mod(value), 32);

export function times(value: bigint, point: Element): Element {
  return point.multiplyUnsafe(mod(value));
}

export function sum(points: Iterable<Element>): Element {
  let out = ZERO;
  for (const point of points) out = out.add(point);
  return out;
}

/** The sum of the products; of many, in one multi-scalar multiplication. */
export function combine(points: Element[], values: bigint[]): Element {
  const places = points.map((_, at) => at).filter((at) => mod(values[at]) !== 0n);
  if (places.length <= 10) return sum(places.map((at) => times(values[at], points[at])));
  return ristretto255.Point.msm(places.map((at) => points[at]), places.map((at) => mod(values[at])));
}

/** h_i of docs/spec/shuffle.md. */
export function generator(message: Uint8Array, DST: string): Element {
  return ristretto255_hasher.hashToCurve(message, { DST }) as Element;
}

/** What has to be the identity: products that are added up. */
export type Equation = [bigint, Element][];

/** Whether all equations hold. Each gets a weight of 128 random bits that no prover could know; their sum is looked at. */
export function hold(equations: Equation[]): boolean {
  const total = new Map<Element, bigint>();
  for (const equation of equations) {
    const weight = readBE(randomBytes(16));
    for (const [value, point] of equation) total.set(point, (total.get(point) ?? 0n) + weight * value);
  }
  return combine([...total.keys()], [...total.values()]).is0();
}

/** Equations that belong to items. They are verified together; where that fails, item by item. */
export class Batch {
  #items: { equations: Equation[]; done: (holds: boolean) => void }[] = [];
  #size = 0;

  add(equations: Equation[], done: (holds: boolean) => void): void {
    this.#items.push({ equations, done });
    this.#size += equations.reduce((size, equation) => size + equation.length, 0);
    if (this.#size > 20_000) this.flush();
  }

  flush(): void {
    const items = this.#items;
    this.#items = [];
    this.#size = 0;
    const all = hold(items.flatMap((item) => item.equations));
    for (const item of items) item.done(all || hold(item.equations));
  }
}
