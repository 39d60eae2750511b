import type { Backlog, DeadLetter, DeadLetters } from '@terse/core/visits/ports';

export interface MemoryDeadLettersOptions {
  readonly maxDeadLetters: number;
  readonly onDeadLetter: (letter: DeadLetter) => void;
}

export interface MemoryDeadLetters extends DeadLetters, Pick<Backlog, 'dead'> {
  /** The newest dead letters, oldest first. */
  deadLetters(): readonly DeadLetter[];
}

/** A bounded number of dead letters, inside this process. */
export function createMemoryDeadLetters(options: MemoryDeadLettersOptions): MemoryDeadLetters {
  const { maxDeadLetters, onDeadLetter } = options;
  const dead: DeadLetter[] = [];
  return {
    add: (letters) => {
      dead.push(...letters);
      dead.splice(0, Math.max(0, dead.length - maxDeadLetters));
      for (const letter of letters) onDeadLetter(letter);
      return Promise.resolve();
    },
    dead: () => Promise.resolve(dead.length),
    deadLetters: () => dead,
  };
}
