import type { FileHandle } from 'node:fs/promises';

/** Why a file is no usable GGUF: one sentence for a person. Never leaves `src/io/models`. */
export class GgufProblem extends Error {}

const FIRST_READ = 64 * 1024;
const NEXT_READ = 512 * 1024;

/**
 * Reads a file forward through a small window. The synchronous getters work on what `need` has made present, so that a
 * vocabulary of 150 000 strings costs a few reads and not 150 000 awaits, and memory stays at one window.
 */
export class ByteWindow {
  readonly #handle: FileHandle;
  readonly #size: number;
  #storage: Buffer = Buffer.alloc(0);
  #bytes: Buffer = Buffer.alloc(0);
  /** File offset of the window's first byte. */
  #start = 0;
  #at = 0;

  constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.#size = size;
  }

  get position(): number {
    return this.#start + this.#at;
  }

  get present(): number {
    return this.#bytes.length - this.#at;
  }

  /** Makes at least `count` bytes present. Throws GgufProblem when the file ends before. */
  async need(count: number): Promise<void> {
    if (this.present >= count) return;
    const from = this.position;
    if (from + count > this.#size) {
      throw new GgufProblem(
        `The file ends inside its header, after ${this.#size} bytes: the download or copy was not completed. Fetch it again.`,
      );
    }
    const length = Math.min(this.#size - from, Math.max(count, from === 0 ? FIRST_READ : NEXT_READ));
    // Nothing read so far points into the old bytes (strings are copies), so one buffer serves the whole header.
    if (this.#storage.length < length) this.#storage = Buffer.allocUnsafeSlow(length);
    const next = this.#storage.subarray(0, length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.#handle.read(next, filled, length - filled, from + filled);
      if (bytesRead === 0)
        throw new GgufProblem('The file became shorter while it was read. Scan again when its download is done.');
      filled += bytesRead;
    }
    this.#bytes = next;
    this.#start = from;
    this.#at = 0;
  }

  /** Moves on without reading; the end of the file is checked by the next `need`. */
  skip(count: number): void {
    if (count <= this.present) {
      this.#at += count;
      return;
    }
    this.#start = this.position + count;
    this.#bytes = Buffer.alloc(0);
    this.#at = 0;
  }

  /**
   * Passes over up to `most` strings (a u64 length and that many bytes) that start in the window and returns how many;
   * the last may end beyond it. One loop without a call per field: this is where a scan of real models spends its time.
   */
  skipStrings(most: number): number {
    const bytes = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    let at = this.#at;
    let passed = 0;
    while (passed < most && at + 8 <= bytes.byteLength) {
      at += 8 + bytes.getUint32(at, true) + bytes.getUint32(at + 4, true) * 2 ** 32;
      passed += 1;
    }
    this.skip(at - this.#at);
    return passed;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }
  i8(): number {
    return this.#bytes.readInt8(this.#advance(1));
  }
  u16(): number {
    return this.#bytes.readUInt16LE(this.#advance(2));
  }
  i16(): number {
    return this.#bytes.readInt16LE(this.#advance(2));
  }
  u32(): number {
    return this.#bytes.readUInt32LE(this.#advance(4));
  }
  i32(): number {
    return this.#bytes.readInt32LE(this.#advance(4));
  }
  f32(): number {
    return this.#bytes.readFloatLE(this.#advance(4));
  }
  f64(): number {
    return this.#bytes.readDoubleLE(this.#advance(8));
  }
  /** 64-bit numbers above 2^53 are rounded: no size, count or offset that a disk can hold is that large. */
  u64(): number {
    const at = this.#advance(8);
    return this.#bytes.readUInt32LE(at) + this.#bytes.readUInt32LE(at + 4) * 2 ** 32;
  }
  i64(): number {
    return Number(this.#bytes.readBigInt64LE(this.#advance(8)));
  }
  text(length: number): string {
    const at = this.#advance(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  #advance(count: number): number {
    const at = this.#at;
    this.#at += count;
    return at;
  }
}
