import { hostname } from 'node:os';
import { ownUrls } from '@terse/core/links/own-urls';
import { expect, test } from 'vitest';
import { listeningHosts } from './listening-hosts.ts';

const HOSTS =
  '127.0.0.1 localhost Shorty.local # of this machine\n127.0.1.1\tbox.example box\n192.0.2.7 other.example\n';

test.each(['127.0.0.1', '0.0.0.0'])(
  'a link to a name of this machine points back to it, when it listens at %s',
  (host) => {
    const isOwn = ownUrls({
      baseUrl: new URL('http://127.0.0.1:8080'),
      port: 8080,
      hosts: listeningHosts(host, HOSTS),
    });
    for (const name of ['shorty.local', 'box.example', 'BOX', hostname()]) {
      expect([name, isOwn(new URL(`http://${name}:8080/x`))]).toEqual([name, true]);
      expect([name, isOwn(new URL(`http://${name}:8081/x`))]).toEqual([name, false]);
    }
    expect(isOwn(new URL('http://other.example:8080/x'))).toBe(false);
  },
);
