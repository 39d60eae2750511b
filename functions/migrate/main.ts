import { runOnce } from '@terse/runtime/process';
import { createContext, migrateDatabase } from '@terse/runtime/dependencies';

void runOnce(async () => {
  const applied = await migrateDatabase(createContext('migrate'));
  return applied.length > 0 ? `applied ${applied.join(', ')}` : 'nothing to apply';
});
