import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { isAnyAddress } from './settings/address-settings.ts';

const LOOPBACK = /^(?:127\.|::1$)/;
const HOSTS_FILE = '/etc/hosts';

/** The names and addresses by which a process that listens on `host` is reached from this machine. */
export function listeningHosts(host: string, hostsFile = readHostsFile()): string[] {
  const names = [hostname(), ...loopbackNames(hostsFile)].map((name) => name.toLowerCase());
  if (!isAnyAddress(host)) return [host.toLowerCase().replace(/%.*/, ''), ...names];
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return [...names, ...interfaces.map(({ address }) => address)];
}

/** The names that the machine gives its loopback addresses (hosts(5)). */
function loopbackNames(hostsFile: string): string[] {
  return hostsFile.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    return LOOPBACK.test(address) ? names : [];
  });
}

function readHostsFile(): string {
  try {
    return readFileSync(HOSTS_FILE, 'utf8');
  } catch {
    return '';
  }
}
