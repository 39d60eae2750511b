import { existsSync, readdirSync } from 'node:fs';

/** The functions that serve: those with an app. Each must have a place to run. */
export const PRODUCT_FUNCTIONS = readdirSync('functions').filter((name) =>
  existsSync(`functions/${name}/app.ts`),
);
