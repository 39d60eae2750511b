import { DomainError } from '../errors.ts';
import type { Link } from './link.ts';
import type { PreparedLink } from './new-link.ts';
import type { LinkRepository } from './ports.ts';
import { generateShortCode, isReserved, type ShortCode } from './short-code.ts';

const MAX_CODE_ATTEMPTS = 5;

type Repository = Pick<LinkRepository, 'create' | 'createAll'>;

/**
 * Stores a link under its custom code or a generated one. When a generated code is taken, it generates another.
 * @throws DomainError `short_code_taken`, or `unavailable` when no generated code is free.
 */
export async function createLink(
  repository: Repository,
  { customCode, values }: PreparedLink,
): Promise<Link> {
  for (let attempt = 0; attempt < MAX_CODE_ATTEMPTS; attempt++) {
    const created = await repository.create({ ...values, short_code: customCode ?? generateFreshCode() });
    if (created) return created;
    if (customCode !== undefined) throw takenCodes([{ field: 'short_code', code: customCode }]);
  }
  throw noFreeCode();
}

/**
 * Stores all of these links, or none.
 * @throws DomainError as `createLink`, with the field of every code that is taken.
 */
export async function createLinks(
  repository: Repository,
  prepared: readonly PreparedLink[],
): Promise<Link[]> {
  for (let attempt = 0; attempt < MAX_CODE_ATTEMPTS; attempt++) {
    const links = prepared.map(({ customCode, values }) => ({
      ...values,
      short_code: customCode ?? generateFreshCode(),
    }));
    const outcome = await repository.createAll(links);
    if ('created' in outcome) return outcome.created;
    const taken = prepared.flatMap(({ customCode }, index) =>
      customCode !== undefined && outcome.taken.includes(customCode)
        ? [{ field: `links.${index}.short_code`, code: customCode }]
        : [],
    );
    if (taken.length > 0) throw takenCodes(taken);
  }
  throw noFreeCode();
}

function generateFreshCode(): ShortCode {
  for (;;) {
    const code = generateShortCode();
    if (!isReserved(code)) return code;
  }
}

function noFreeCode(): DomainError {
  return new DomainError('unavailable', 'No free short code was found. Try again.');
}

function takenCodes(taken: readonly { field: string; code: ShortCode }[]): DomainError {
  const codes = taken.map(({ code }) => `"${code}"`).join(', ');
  return new DomainError(
    'short_code_taken',
    taken.length === 1 ? `The short code ${codes} is taken.` : `These short codes are taken: ${codes}.`,
    taken.map(({ field }) => ({
      field,
      message: 'is taken; codes of deleted links are not used again',
    })),
  );
}
