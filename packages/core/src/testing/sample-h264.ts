/** Bits, the highest first, as H.264 writes them. */
class Bits {
  readonly #bytes: number[] = []
  #current = 0
  #filled = 0

  put(value: number, width: number): this {
    for (let bit = width - 1; bit >= 0; bit--) {
      this.#current = (this.#current << 1) | ((value >> bit) & 1)
      if (++this.#filled === 8) {
        this.#bytes.push(this.#current)
        this.#current = 0
        this.#filled = 0
      }
    }
    return this
  }

  /** Exponential Golomb codes, ITU-T H.264 section 9.1. */
  golomb(...values: number[]): this {
    for (const value of values) {
      const width = 32 - Math.clz32(value + 1)
      this.put(0, width - 1).put(value + 1, width)
    }
    return this
  }

  align(): this {
    return this.#filled === 0 ? this : this.put(0, 8 - this.#filled)
  }

  raw(bytes: Iterable<number>): this {
    this.#bytes.push(...bytes)
    return this
  }

  /** With the stop bit, and three bytes that look like a start code kept apart. */
  unit(header: number): Uint8Array {
    this.put(1, 1).align()
    const escaped = [header]
    for (const byte of this.#bytes) {
      if (byte <= 3 && escaped.length > 2 && escaped.at(-1) === 0 && escaped.at(-2) === 0) escaped.push(3)
      escaped.push(byte)
    }
    return Uint8Array.from(escaped)
  }
}

/** A video of grey pictures, 16 times so many pixels wide and high, without compression: any decoder can show it. */
export function greyH264(blocksWide: number, blocksHigh: number) {
  const sequence = new Bits()
    .put(66, 8)
    .put(0xc0, 8)
    .put(30, 8)
    .golomb(0, 0, 2, 0)
    .put(0, 1)
    .golomb(blocksWide - 1, blocksHigh - 1)
    .put(0b1100, 4)
    .unit(0x67)
  const picture = new Bits()
    .golomb(0, 0)
    .put(0, 2)
    .golomb(0, 0, 0)
    .put(0, 3)
    .golomb(0, 0, 0)
    .put(0, 3)
    .unit(0x68)
  const frame = (index: number): Uint8Array => {
    const slice = new Bits()
      .golomb(0, 7, 0)
      .put(0, 4)
      .golomb(index % 2)
      .put(0, 2)
      .golomb(0)
    for (let block = 0; block < blocksWide * blocksHigh; block++) {
      slice
        .golomb(25)
        .align()
        .raw(new Uint8Array(256).fill(40 + ((index * 5) % 180)))
        .raw(new Uint8Array(128).fill(128))
    }
    return slice.unit(0x65)
  }
  const sized = (unit: Uint8Array) => [unit.length >> 8, unit.length & 255, ...unit]
  return {
    /** AVCDecoderConfigurationRecord, ISO/IEC 14496-15 section 5.3.3.1. */
    description: Uint8Array.from([1, 66, 0xc0, 30, 0xff, 0xe1, ...sized(sequence), 1, ...sized(picture)]),
    codec: 'avc1.42c01e',
    /** A picture as it lies in a file: its length, then itself. */
    frame(index: number): Uint8Array {
      const unit = frame(index)
      const sample = new Uint8Array(4 + unit.length)
      new DataView(sample.buffer).setUint32(0, unit.length)
      sample.set(unit, 4)
      return sample
    },
  }
}
