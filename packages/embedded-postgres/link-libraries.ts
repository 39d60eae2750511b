import { findNative, linkLibraries } from './programs.ts';

// Runs after `npm ci`: the user who starts Terse may have no right to write here. Where there are no programs, the
// start says so.
try {
  linkLibraries(findNative());
} catch {}
