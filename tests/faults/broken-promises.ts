interface Problem {
  readonly type: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

/**
 * Lists the promises that an answer of the API breaks: it is no 5xx, a refusal is a problem document, and a 422 names
 * fields that the request has or lacks, among `names` when given.
 */
export async function brokenPromises(response: Response, names?: readonly string[]): Promise<string[]> {
  const text = await response.text();
  const { status } = response;
  if (status < 400) return [];
  if (status >= 500) return [`${status}: ${text}`];
  if (response.headers.get('content-type') !== 'application/problem+json') return ['no problem document'];
  const problem = JSON.parse(text) as Problem;
  const broken = [];
  if (!/^urn:terse:problem:[a-z_]+$/.test(problem.type)) broken.push(`the type ${problem.type}`);
  if (problem.status !== status) broken.push(`the status ${problem.status} in a ${status}`);
  if (problem.detail === '') broken.push('no detail');
  if (status !== 422) return broken;
  const fields = problem.errors?.map(({ field }) => field) ?? [];
  if (fields.length === 0) broken.push('no field is named');
  const strange = fields.filter((field) => names && !names.some((name) => isPlaceIn(name, field)));
  return [...broken, ...strange.map((field) => `a field that is not there: ${field}`)];
}

/** Whether a field is a name, a path below it or its shortened form, or is empty, as for a body that is no object. */
function isPlaceIn(name: string, field: string): boolean {
  if (field.endsWith('…') && name.startsWith(field.slice(0, -1))) return true;
  return field === name || field === '' || field.startsWith(`${name}.`);
}
