import { damaged, END_OF_ROWS } from './backup-format.ts';

const NEWLINE = 0x0a;
const END = Buffer.from(END_OF_ROWS);
const END_AFTER_ROW = Buffer.from(`\n${END_OF_ROWS}`);
/** Enough for the days of two centuries. */
const MAX_LINE_BYTES = 1024 * 1024;

/** Reads the text of a backup from beginning to end. It holds no more than a chunk in memory. */
export class BackupReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /**
   * The next line.
   * @throws BackupError when there is none, or when it is longer than any line of a backup.
   */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf(NEWLINE);
      if (end !== -1) return this.#take(end + 1).toString('utf8', 0, end);
      if (this.#rest.length > MAX_LINE_BYTES || !(await this.#readMore())) throw damaged();
    }
  }

  /**
   * The rows up to the line that ends them, and reads that line too.
   * @throws BackupError when no line ends them.
   */
  async *rows(): AsyncGenerator<Buffer> {
    while (this.#rest.length < END.length) await this.#readMoreRows();
    if (this.#rest.subarray(0, END.length).equals(END)) {
      this.#take(END.length);
      return;
    }
    for (;;) {
      const end = this.#rest.indexOf(END_AFTER_ROW);
      if (end !== -1) {
        yield this.#take(end + 1);
        this.#take(END.length);
        return;
      }
      // The last bytes stay, because they may begin the line that ends the rows.
      const whole = this.#rest.length - END_AFTER_ROW.length + 1;
      if (whole > 0) yield this.#take(whole);
      await this.#readMoreRows();
    }
  }

  /**
   * Reads on to the end, where the checksum is.
   * @throws BackupError when anything follows.
   */
  async end(): Promise<void> {
    while (this.#rest.length === 0) if (!(await this.#readMore())) return;
    throw damaged('something follows its last line');
  }

  async #readMoreRows(): Promise<void> {
    if (!(await this.#readMore())) throw damaged();
  }

  async #readMore(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (done) return false;
    this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value]);
    return true;
  }

  #take(length: number): Buffer {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }
}
