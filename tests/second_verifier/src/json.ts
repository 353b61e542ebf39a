// Canonical JSON and its types (docs/spec/records.md).
//
// A type is a function that takes a value as JSON.parse gives it, and returns it read or refuses it. What a body says is written
// again and compared with the body: that finds numbers that were rounded, names that stood twice, and every other form.

import { fromBase64url, fromUtf8, isText, need, refuse } from "./bytes.ts";

export type Type<T> = (value: unknown) => T;
export type Read<T> = T extends Type<infer R> ? R : never;

export function parseCanonical(body: Uint8Array): unknown {
  const text = fromUtf8(body);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse("not JSON");
  }
  need(JSON.stringify(value) === text, "the JSON is not canonical");
  return value;
}

export const string: Type<string> = (value) => {
  need(typeof value === "string" && isText(value), "a string is expected");
  return value;
};

export const boolean: Type<boolean> = (value) => {
  need(typeof value === "boolean", "true or false is expected");
  return value;
};

export const integer = (least: number, most: number = Number.MAX_SAFE_INTEGER): Type<number> => (value) => {
  need(typeof value === "number" && Number.isSafeInteger(value), "an integer is expected");
  need(value >= least && value <= most && !Object.is(value, -0), `an integer is not from ${least} to ${most}`);
  return value;
};

export const count = integer(0);

function matching(pattern: RegExp, what: string): Type<string> {
  return (value) => {
    const text = string(value);
    need(pattern.test(text), `not ${what}`);
    return text;
  };
}

export const id = matching(/^[a-z0-9][a-z0-9._-]{0,63}$/, "an id");
export const origin = matching(/^[!-*,-~]{1,200}$/, "an origin");

export const text: Type<string> = (value) => {
  const length = [...string(value)].length;
  need(length >= 1 && length <= 1000, "a text has 1 to 1000 code points");
  return value as string;
};

export const blob = (size?: number): Type<Uint8Array> => (value) => {
  const data = fromBase64url(string(value));
  need(size === undefined || data.length === size, `${size} bytes are expected`);
  return data;
};

export const digest = blob(32);

export const one = <T extends string>(...allowed: T[]): Type<T> => (value) => {
  need(allowed.includes(value as T), `one of ${allowed.join(", ")} is expected`);
  return value as T;
};

export const nullable = <T>(type: Type<T>): Type<T | null> => (value) => (value === null ? null : type(value));

export const list = <T>(type: Type<T>, least = 0, most = Infinity): Type<T[]> => (value) => {
  need(Array.isArray(value), "a list is expected");
  need(value.length >= least && value.length <= most, `a list has ${least} to ${most} members`);
  return value.map((each) => type(each));
};

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object with these members, all of them, in this order. */
export const object =
  <T extends Record<string, Type<unknown>>>(types: T): Type<{ [K in keyof T]: Read<T[K]> }> =>
  (value) => {
    need(isObject(value), "an object is expected");
    need(JSON.stringify(Object.keys(value)) === JSON.stringify(Object.keys(types)), "the members are not those of the type, in order");
    const read = Object.entries(types).map(([name, type]) => [name, type(value[name])]);
    return Object.fromEntries(read) as { [K in keyof T]: Read<T[K]> };
  };

/** An object whose type is told by one of its members. */
export const tagged =
  <T extends Record<string, Type<unknown>>>(name: string, types: T): Type<Read<T[keyof T]>> =>
  (value) => {
    need(isObject(value) && typeof value[name] === "string", `${name} is expected`);
    need(Object.hasOwn(types, value[name]), `${name} is unknown`);
    return types[value[name]](value) as Read<T[keyof T]>;
  };

export const labels: Type<Record<string, string>> = (value) => {
  need(isObject(value), "labels are expected");
  const tags = Object.keys(value);
  need(tags.length >= 1 && tags.length <= 64, "there are 1 to 64 labels");
  need(tags.every((tag) => /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(tag)), "not a language tag");
  need(new Set(tags.map((tag) => tag.toLowerCase())).size === tags.length, "a language stands twice");
  return Object.fromEntries(tags.map((tag) => [tag, text(value[tag])]));
};

export interface Ratio {
  numerator: bigint;
  denominator: bigint;
}

function gcd(one: bigint, other: bigint): bigint {
  return other === 0n ? one : gcd(other, one % other);
}

export const ratio: Type<Ratio> = (value) => {
  const written = string(value);
  need(/^(0|[1-9][0-9]{0,14})\/[1-9][0-9]{0,14}$/.test(written), "not a ratio");
  const [numerator, denominator] = written.split("/").map(BigInt);
  need(gcd(numerator, denominator) === 1n, "a ratio is not in lowest terms");
  return { numerator, denominator };
};
