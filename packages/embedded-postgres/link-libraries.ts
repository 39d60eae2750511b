import { findNative, linkLibraries } from './programs.ts';

// Runs after `npm ci`, because the user who starts Terse may have no right to write here. When there are no programs,
// the start says so.
try {
  linkLibraries(findNative());
} catch {}
