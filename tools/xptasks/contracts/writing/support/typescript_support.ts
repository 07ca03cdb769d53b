// What generated TypeScript carries along, each file only what it needs. A blank line separates the definitions.

/** A number without a fraction. `JSON.parse` keeps every digit up to 2^53. */
export type Integer = number;

/** A number from -2^31 to 2^31 - 1 without a fraction. */
export type Int32 = number;

/** A number from -2^63 to 2^63 - 1 without a fraction. `JSON.parse` rounds what is beyond 2^53. */
export type Int64 = number;

/** A number that stands for decimal digits; it is rounded to a binary fraction. */
export type DecimalNumber = number;

/** A date and time with its offset (RFC 3339), perhaps with a fraction of a second: `2026-01-31T09:30:00.25Z`. */
export type DateTime = string;

/** A day: `2026-01-31`. */
export type DateOnly = string;

/** A time of day: `09:30:00Z`. */
export type TimeOnly = string;

/** A UUID (RFC 4122): `3f2b8c9e-5d1a-4c7b-9e2f-6a8d0b1c2d3e`. */
export type Uuid = string;

/** An IPv4 address. */
export type IPv4 = string;

/** An IPv6 address. */
export type IPv6 = string;

/** Bytes in base64 (RFC 4648). */
export type Base64Data = string;

/** Bytes as they are, one for each character. */
export type BinaryData = string;

/** A decimal number as text, which keeps every digit: `12.50`. */
export type DecimalText = string;

/** A span of time (ISO 8601): `P1DT2H`. */
export type DurationText = string;

/** A URI (RFC 3986). */
export type Uri = string;

/** An e-mail address. */
export type EmailText = string;

/** What is wrong with a value, and where: the pointer is a JSON pointer such as `/items/0/name`. */
export interface DecodeFault {
  readonly pointer: string;
  readonly reason: string;
}

/** A value is not what the contract says. */
export class DecodeError extends Error {
  override readonly name: string = "DecodeError";
  readonly pointer: string;

  constructor(fault: DecodeFault) {
    super(`${fault.pointer || "the value"} ${fault.reason}`);
    this.pointer = fault.pointer;
  }
}

type DecodeCheck = (value: unknown) => DecodeFault | undefined;

/** Says at run time whether a value from outside has the type of the same name. It is never copied or changed. */
export class Decoder<T> {
  /** The first thing that is wrong; undefined when the value has the type. */
  readonly check: DecodeCheck;

  constructor(check: DecodeCheck) {
    this.check = check;
  }

  /** True when the value has the type. */
  is(value: unknown): value is T {
    return this.check(value) === undefined;
  }

  /** The same value, typed. Throws a `DecodeError` when it has another type. */
  decode(value: unknown): T {
    const found = this.check(value);
    if (found) {
      throw new DecodeError(found);
    }
    return value as T;
  }
}

function fault(reason: string): DecodeFault {
  return { pointer: "", reason };
}

function inside(step: string | number, found: DecodeFault): DecodeFault {
  const token = String(step).replaceAll("~", "~0").replaceAll("/", "~1");
  return { pointer: `/${token}${found.pointer}`, reason: found.reason };
}

function anything(): undefined {
  return undefined;
}

function never(): DecodeFault {
  return fault("is not allowed");
}

function text(value: unknown): DecodeFault | undefined {
  return typeof value === "string" ? undefined : fault("is not a string");
}

function numeric(value: unknown): DecodeFault | undefined {
  return typeof value === "number" ? undefined : fault("is not a number");
}

function integer(value: unknown): DecodeFault | undefined {
  return Number.isInteger(value) ? undefined : fault("is not an integer");
}

function flag(value: unknown): DecodeFault | undefined {
  return typeof value === "boolean" ? undefined : fault("is not a boolean");
}

/** Definitions may stand in any order and contain each other. */
function ref(decoder: () => { readonly check: DecodeCheck }): DecodeCheck {
  return (value) => decoder().check(value);
}

function nullable(inner: DecodeCheck): DecodeCheck {
  return (value) => (value === null ? undefined : inner(value));
}

function exactly(...values: readonly unknown[]): DecodeCheck {
  const shown = JSON.stringify(values).slice(1, -1);
  return (value) => (values.some((one) => same(one, value)) ? undefined : fault(`is not ${shown}`));
}

function same(left: unknown, right: unknown): boolean {
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) {
    return left === right;
  }
  const [one, other] = [new Map(Object.entries(left)), new Map(Object.entries(right))];
  return (
    Array.isArray(left) === Array.isArray(right) &&
    one.size === other.size &&
    [...one].every(([name, value]) => other.has(name) && same(value, other.get(name)))
  );
}

function list(item: DecodeCheck): DecodeCheck {
  return tuple([], 0, item);
}

function tuple(prefix: readonly DecodeCheck[], least: number, rest: DecodeCheck): DecodeCheck {
  return (value) => {
    if (!Array.isArray(value)) {
      return fault("is not a list");
    }
    for (const [index, item] of value.entries()) {
      const found = (prefix[index] ?? rest)(item);
      if (found) {
        return inside(index, found);
      }
    }
    return value.length < least ? fault(`has fewer than ${least} items`) : undefined;
  };
}

interface DecodeMembers {
  readonly [name: string]: DecodeCheck;
}

function object(required: DecodeMembers, optional: DecodeMembers = {}, extra: DecodeCheck = anything): DecodeCheck {
  const members = new Map([...Object.entries(required), ...Object.entries(optional)]);
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return fault("is not an object");
    }
    const missing = Object.keys(required).find((name) => !Object.hasOwn(value, name));
    if (missing !== undefined) {
      return inside(missing, fault("is missing"));
    }
    for (const [name, member] of Object.entries(value)) {
      const found = (members.get(name) ?? extra)(member);
      if (found) {
        return inside(name, found);
      }
    }
    return undefined;
  };
}

function map(values: DecodeCheck): DecodeCheck {
  return object({}, {}, values);
}

/** One of several; of what is wrong, the fault that lies deepest says most. */
function union(...variants: readonly DecodeCheck[]): DecodeCheck {
  return (value) => {
    let deepest = fault("fits no alternative");
    for (const variant of variants) {
      const found = variant(value);
      if (!found) {
        return undefined;
      }
      deepest = found.pointer.length > deepest.pointer.length ? found : deepest;
    }
    return deepest;
  };
}

/** The alternative that a property chooses. */
function tagged(name: string, variants: DecodeMembers): DecodeCheck {
  const byTag = new Map<unknown, DecodeCheck>(Object.entries(variants));
  const tag = object({ [name]: exactly(...byTag.keys()) });
  return (value) => tag(value) ?? byTag.get((value as { readonly [name: string]: unknown })[name])?.(value);
}
