import { findNative, linkLibraries } from './programs.ts';

// Runs after `npm ci`, whose user may be another than the one who starts Terse. Where there are no programs, the start says so.
try {
  linkLibraries(findNative());
} catch {}
