import { serve } from '@hono/node-server';
import { Hono } from 'hono';

/**
 * Bare Hono: a fixed redirect, on the server that Terse uses. `PORT` sets its port.
 */
const app = new Hono();
app.get('/.live', (c) => c.text('live'));
app.get('/:code', (c) => c.redirect('https://www.example.com/where/it/leads?utm_source=bench', 307));
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env['PORT']) });
