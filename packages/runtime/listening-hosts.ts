import { hostname, networkInterfaces } from 'node:os';

const ANY_ADDRESS = new Set(['0.0.0.0', '::', '']);

/** The names and addresses that reach a process listening on `host`. */
export function listeningHosts(host: string): string[] {
  if (!ANY_ADDRESS.has(host)) return [host.toLowerCase()];
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return [hostname().toLowerCase(), ...interfaces.map(({ address }) => address)];
}
