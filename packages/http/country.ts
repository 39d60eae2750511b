import type { Context } from 'hono';
import { requestHeader } from './request-header.ts';

const COUNTRY = /^[A-Z]{2}$/;

/** Reads the visitor's country from the header that the edge sets; without a header's name nothing is believed. */
export function createCountry(headerName: string | undefined): (c: Context) => string | null {
  if (headerName === undefined) return () => null;
  const name = headerName.toLowerCase() as Lowercase<string>;
  return (c) => {
    const value = requestHeader(c, name)?.toUpperCase();
    return value !== undefined && COUNTRY.test(value) ? value : null;
  };
}
