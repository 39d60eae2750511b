import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSearch } from '@terse/core/links/link-search';
import { ownUrls } from '@terse/core/links/own-urls';
import type { ShortCode } from '@terse/core/links/short-code';
import { testValues } from '@terse/core/links/test-link';
import { createTestClock } from '@terse/platform/test-clock';
import type { OpenDatabase } from './open-database.ts';
import { createLinkRepository } from './link-repository.ts';
import type { LinkValues } from '@terse/core/links/ports';

/** What a search finds on every database, whatever its locale; `database` is migrated and empty before each test. */
export function describeLinkSearch(database: () => OpenDatabase): void {
  const isOwnUrl = ownUrls({ baseUrl: new URL('https://go.example') });

  const setUp = () => {
    const { db } = database();
    const links = createLinkRepository({ db, clock: createTestClock() });
    return {
      links,
      create: (short_code: string, more: Partial<LinkValues> = {}) =>
        links.create({ ...testValues, ...more, short_code: short_code as ShortCode }),
      find: async (text: string): Promise<readonly string[]> => {
        const search = parseSearch(text, isOwnUrl);
        return (await links.page({ visibility: 'all', search }, 100)).codes.toSorted();
      },
    };
  };

  test('finds a part of the code, the URL or the title, and takes every character literally', async () => {
    const { create, find } = setUp();
    await create('a', { title: '100% off_season' });
    await create('B-code', { original_url: 'https://shop.example/100' });
    await create('c', { title: String.raw`back\slash "quoted" 'it'` });
    expect(await find('SHOP.example')).toEqual(['B-code']);
    expect(await find('b-CODE')).toEqual(['B-code']);
    expect(await find('100')).toEqual(['B-code', 'a']);
    expect(await find('100%')).toEqual(['a']);
    expect(await find('OFF_')).toEqual(['a']);
    expect(await find('o%f')).toEqual([]);
    expect(await find(String.raw`k\S`)).toEqual(['c']);
    expect(await find('\\')).toEqual(['c']);
    expect(await find(`"quoted" 'it'`)).toEqual(['c']);
  });

  test.each([
    'https://zürich.example/straße?q=a b#Ümlaut',
    'https://ZÜRICH.example/Straße',
    'HTTPS://Zu\u0308rich.example:443/x/../straße',
    'https://xn--zrich-kva.example/stra%C3%9Fe',
    'xn--zrich-kva.example/straße',
    'zürich.example',
    'zür',
    'STRASSE',
    'stra%c3%9f',
    '/straße?q=a%20b',
    'q=a b',
    'ümlaut',
  ])('finds a URL by %s, as it was typed', async (text) => {
    const { create, find } = setUp();
    await create('found', { original_url: 'https://xn--zrich-kva.example/stra%C3%9Fe?q=a%20b#%C3%9Cmlaut' });
    await create('other', { original_url: 'https://zurich.example/strase?q=ab' });
    expect(await find(text)).toEqual(['found']);
  });

  test.each([
    'ÉTÉ',
    'été',
    'e\u0301te\u0301',
    'E\u0301t',
    'ΟΔΟΣ',
    'οδος',
    'οδοσ',
    'İSTANBUL',
    'istanbul',
    'ﬁ',
    'FI',
  ])('finds a title by %s, in any composition of its letters', async (text) => {
    const { create, find } = setUp();
    await create('found', { title: 'L’É\u0074\u0065\u0301 · Οδός οδος · İstanbul · ﬁn' });
    await create('other', { title: 'ete · οδω · stanbul · f i n' });
    expect(await find(text)).toEqual(['found']);
  });

  test.each([
    'https://go.example/Spring',
    'http://GO.example/spring',
    'go.example/spring',
    'https://go.example./spring?utm=x#y',
    'https://go.example/spr',
  ])('finds a link by its short URL: %s', async (text) => {
    const { create, find } = setUp();
    await create('Spring');
    await create('offspring', { title: 'spring' });
    await create('other');
    expect(await find(text)).toEqual(['Spring']);
  });

  test.each(['https://go.example/', 'https://other.example/spring', 'go.example/sp_ing', 'go.example/a/b'])(
    'finds nothing by %s',
    async (text) => {
      const { create, find } = setUp();
      await create('spring');
      expect(await find(text)).toEqual([]);
    },
  );

  test('finds a link by its changed fields', async () => {
    const { links, create, find } = setUp();
    const code = (await create('link', { title: 'ÜBER', original_url: 'https://bücher.example/' }))
      ?.short_code;
    if (!code) throw new Error('The link was not created.');
    expect(await find('über')).toEqual(['link']);
    await links.change(code, { title: 'Über uns' });
    expect(await find('ÜBER UNS')).toEqual(['link']);
    await links.change(code, { pinned: true });
    expect(await find('über uns')).toEqual(['link']);
    await links.change(code, { title: 'Mehr', original_url: 'https://example.com/%C3%A4' });
    expect(await find('über')).toEqual([]);
    expect(await find('bücher')).toEqual([]);
    expect(await find('Ä')).toEqual(['link']);
    await links.change(code, { title: null });
    expect(await find('mehr')).toEqual([]);
  });

  test('finds any link by any part of what it shows, in any case and composition', async () => {
    const { links, find } = setUp();
    const created = await links.create({ ...testValues, short_code: 'any' as ShortCode });
    const word = fc.stringMatching(/^[\p{L}\p{N}%_\\ ]{1,12}$/u).filter((text) => text.trim() !== '');
    const spelling = fc.constantFrom(
      (text: string) => text,
      (text: string) => text.toUpperCase(),
      (text: string) => text.toLowerCase(),
      (text: string) => text.normalize('NFD'),
      (text: string) => text.normalize('NFC'),
    );
    await fc.assert(
      fc.asyncProperty(word, word, spelling, async (title, path, spell) => {
        const original_url = new URL(`https://example.com/a/${encodeURIComponent(path)}/z`).href;
        await links.change(created?.short_code ?? ('any' as ShortCode), { title, original_url });
        expect(await find(spell(title))).toEqual(['any']);
        expect(
          await find(`https://example.com/a/${spell(path.replaceAll(/[%\\]/g, encodeURIComponent))}/z`),
        ).toEqual(['any']);
      }),
      { numRuns: 100 },
    );
  });
}
