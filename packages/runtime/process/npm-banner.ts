/** Whether npm has written lines to standard output before this process began. */
export function hasNpmBanner(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  return environment['npm_lifecycle_event'] !== undefined && environment['npm_config_loglevel'] !== 'silent';
}
