/** Where a server listens. */
export interface ListenAddress {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The names of the settings that chose the address, for errors; `HOST` and `PORT` unless given. */
  readonly settings?: { readonly host: string; readonly port: string };
}

const SETTINGS = { host: 'HOST', port: 'PORT' };

/** One line that names the wrong setting, and says why no server can listen at its address. */
export function listeningFault(
  { host, port, settings = SETTINGS }: ListenAddress,
  { code = 'unknown' }: { readonly code?: string | undefined },
): string {
  const hostSetting = `${settings.host} ${host}`;
  switch (code) {
    case 'EADDRINUSE':
      return `${settings.port} ${port} is in use: another process listens there`;
    case 'EACCES':
    case 'EPERM':
      return `${settings.port} ${port} is not allowed for this user: low ports need a privilege`;
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return `${hostSetting} is no address of this machine`;
    case 'EINVAL':
      return `${hostSetting} must have a zone, such as fe80::1%eth0`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${hostSetting} is a name without an address`;
    default:
      return `${hostSetting} and ${settings.port} ${port}: no server can listen there (${code})`;
  }
}
