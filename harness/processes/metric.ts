/** The sum of a counter of a process over those of its labels that contain the text. */
export async function readMetric(internalUrl: string, name: string, labels = ''): Promise<number> {
  const text = await (await fetch(`${internalUrl}/.metrics`)).text();
  return text
    .split('\n')
    .filter((line) => (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) && line.includes(labels))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
