/** The range of `Date`, in milliseconds before and after 1970. */
const MAX_DATE_MS = 8.64e15;
const USUAL_YEAR = /^2\d{3}-[^C]*$/;
const ANY_YEAR =
  /^(?<year>\d+)-(?<month>\d\d)-(?<day>\d\d) (?<time>[\d:]{8})(?:\.(?<fraction>\d+))?(?<offset>[+-][\d:]+)(?<bc> BC)?$/;

/**
 * A `timestamptz` in PostgreSQL's ISO style as a `Date` that is always valid: `infinity` and years outside the range
 * of `Date` become its last or first instant.
 */
export function parseTimestamp(text: string): Date {
  if (USUAL_YEAR.test(text)) return new Date(text);
  if (text === 'infinity') return new Date(MAX_DATE_MS);
  const parts = ANY_YEAR.exec(text)?.groups;
  if (!parts) return new Date(-MAX_DATE_MS);
  const { year, month, day, time = '', fraction = '', offset = '', bc } = parts;
  const date = new Date(0);
  date.setUTCFullYear(bc ? 1 - Number(year) : Number(year), Number(month) - 1, Number(day));
  const beyond = bc ? -MAX_DATE_MS : MAX_DATE_MS;
  if (Number.isNaN(date.getTime())) return new Date(beyond);
  const sign = offset.startsWith('-') ? 1 : -1;
  const shift = secondsOf(time) + sign * secondsOf(offset.slice(1));
  const shifted = new Date(date.getTime() + shift * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3)));
  return Number.isNaN(shifted.getTime()) ? new Date(beyond) : shifted;
}

function secondsOf(time: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = time.split(':').map(Number);
  return hours * 3600 + minutes * 60 + seconds;
}
