import { z } from 'zod';

// Every schema imports zod from here, so that callers never see a message of the library.
z.config({ localeError: words });

export { z };

/** A whole number as text, without sign or leading zeros. */
export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, { error: 'must be a whole number', abort: true })
    .regex(/^(?:0|[1-9]\d*)$/, 'must be a whole number without zeros before it')
    .transform((text) => Math.min(Number(text), Number.MAX_SAFE_INTEGER))
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

const FORMATS: Readonly<Record<string, string>> = {
  uuid: 'a UUID',
  base64: 'base64',
  datetime: 'a time',
  url: 'a URL',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
};

const MAX_FAULTS = 10;

const UNITS: Readonly<Record<string, string>> = { string: 'character', array: 'item', record: 'field' };

/** What is wrong with a value, in words that follow the name of its field. */
function words(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? 'must be given'
        : `must be ${TYPES[issue.expected] ?? 'of another type'}`;
    case 'invalid_value':
      return issue.input === undefined ? 'must be given' : `must be ${alternatives(issue.values)}`;
    case 'too_big':
      return bounded('at most', issue.origin, issue.maximum);
    case 'too_small':
      if (Number(issue.minimum) === 1 && issue.origin in UNITS) return 'must not be empty';
      return bounded('at least', issue.origin, issue.minimum);
    case 'invalid_format':
      return `must be ${FORMATS[issue.format] ?? 'of the right form'}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'unrecognized_keys':
      return `must not have ${issue.keys.join(', ')}`;
    case 'invalid_union':
      if (issue.input === undefined) return 'must be given';
      return Array.isArray(issue.options)
        ? `must be ${alternatives(issue.options)}`
        : 'must have one of the known forms';
    case 'invalid_key':
      return 'must not have such a name in it';
    case 'invalid_element':
      return 'must not have such a value in it';
    case 'custom':
    case undefined:
      return 'must be valid';
  }
}

function bounded(bound: string, origin: string, number: number | bigint): string {
  const unit = UNITS[origin];
  return unit === undefined
    ? `must be ${bound} ${number}`
    : `must have ${bound} ${number} ${unit}${Number(number) === 1 ? '' : 's'}`;
}

/** `307 or 308`, `hour, day or week`. */
function alternatives(values: readonly unknown[]): string {
  const last = String(values.at(-1));
  return values.length > 1 ? `${values.slice(0, -1).map(String).join(', ')} or ${last}` : last;
}

/**
 * Parses what another program answered.
 * @param whose begins the message, such as `The answer of AWS`.
 * @throws Error that says what is wrong with the answer.
 */
export function parseAnswer<T>(schema: z.ZodType<T>, answer: unknown, whose: string): T {
  const { data, error } = schema.safeParse(answer);
  if (error) throw new Error(`${whose} has another form: ${faultsOf(error)}.`);
  return data;
}

/** The first ten faults of a value in one line, each with its path. */
export function faultsOf({ issues }: z.core.$ZodError): string {
  const lines = issues.slice(0, MAX_FAULTS).map(({ path, message }) => `${path.join('.')} ${message}`.trim());
  return lines.join('; ');
}
