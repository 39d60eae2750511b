import { isbot } from 'isbot';

/** Programs that fetch links without a person but that `isbot` takes for people. No webview of an app matches. */
const TOOLS = [
  /PowerShell\/\d/,
  /^Dart\//,
  /^Dalvik\//,
  // Apps put their name before it; a webview begins with `Mozilla/`.
  /^(?!Mozilla\/).*CFNetwork\//,
  // Office requests a link itself before it opens the browser.
  /\bms-office\b|^Microsoft Office\b/,
  /\) (?:Word|Excel|PowerPoint|OneNote)\/\d|^(?:Word|Excel|PowerPoint|OneNote)\/\d/,
  /^(?:Mac)?Outlook\b(?!.*\bMozilla\/)/,
  /\bIframely\//,
];

/** Whether a user agent is empty, or belongs to a crawler, a tool or a link preview. */
export function isAutomatic(userAgent: string): boolean {
  return userAgent === '' || TOOLS.some((tool) => tool.test(userAgent)) || isbot(userAgent);
}
