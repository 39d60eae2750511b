import type { Context } from 'hono';

const COUNTRY = /^[A-Z]{2}$/;

/** Reads the visitor's country from the header that the edge sets; without a header's name nothing is believed. */
export function createCountry(headerName: string | undefined): (c: Context) => string | null {
  if (headerName === undefined) return () => null;
  return (c) => {
    const value = c.req.header(headerName)?.toUpperCase();
    return value !== undefined && COUNTRY.test(value) ? value : null;
  };
}
