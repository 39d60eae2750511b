import { serve } from '@hono/node-server';
import { Hono } from 'hono';

/**
 * The least that Hono can do: a redirect that is known beforehand, on the server that Terse uses. Its port is the
 * setting `PORT`.
 */
const app = new Hono();
app.get('/.live', (c) => c.text('live'));
app.get('/:code', (c) => c.redirect('https://www.example.com/where/it/leads?utm_source=bench', 307));
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env['PORT']) });
