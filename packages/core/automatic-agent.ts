import { isbot } from 'isbot';

/** Programs that fetch links without a person and that `isbot` takes for people. A webview of an app is none of them. */
const TOOLS = [
  /PowerShell\/\d/,
  /^Dart\//,
  /^Dalvik\//,
  // Apps name themselves before it; a webview begins with `Mozilla/`.
  /^(?!Mozilla\/).*CFNetwork\//,
  // Office asks for a link by itself before it hands it to a browser.
  /\bms-office\b|^Microsoft Office\b/,
  /^(?:Mac)?Outlook\b(?!.*\bMozilla\/)/,
  /\bIframely\//,
];

/** Whether a user agent is that of a crawler, a tool or a link preview, or empty. */
export function isAutomatic(userAgent: string): boolean {
  return userAgent === '' || TOOLS.some((tool) => tool.test(userAgent)) || isbot(userAgent);
}
