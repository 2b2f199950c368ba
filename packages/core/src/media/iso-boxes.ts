import { damaged } from './damaged.js'
import type { RangeSource } from './range-source.js'

/** More than hours of video need, less than hurts to hold. */
const maxIndexBytes = 64 * 1024 * 1024
/** Parts of a fragmented file that are looked at; each may be a request to a storage far away. */
const maxBoxes = 20_000
/** Pictures or pieces of sound of one fragment; a few seconds have hundreds. */
const maxRunSamples = 100_000

interface Box {
  type: string
  /** Where its content begins and ends. */
  start: number
  end: number
}

/**
 * Looks whether an MP4 or MOV is whole, as far as its boxes tell, and whether its index is of a size that can be read: a few bytes
 * can claim billions of pictures.
 * @throws PostMcpError `media_invalid`
 * @see ISO/IEC 14496-12, sections 4.2, 8.2.1 and 8.8
 */
export async function checkBoxes(source: RangeSource): Promise<void> {
  const seen = new Set<string>()
  let at = 0
  for (let count = 0; at < source.bytes && count < maxBoxes; count++) {
    const box = readBox(await source.read(at, at + 16), 0, at, source.bytes)
    if (!box) {
      // Some cameras end a file with bytes that are no box.
      if (seen.has('moov') && seen.has('mdat') && source.bytes - at < 1024) break
      throw damaged('The video breaks off, or parts of it are damaged.')
    }
    if (box.end > source.bytes) throw damaged('The video breaks off before its end.')
    seen.add(box.type)
    const isIndex = box.type === 'moov' || box.type === 'moof'
    if (isIndex && box.end - box.start > maxIndexBytes)
      throw damaged('The index of the video is too large to be read.')
    if (box.type === 'moof') checkFragment(Buffer.from(await source.read(box.start, box.end)))
    at = box.end
  }
  if (!seen.has('moov'))
    throw damaged('The video has no index: recording or export broke off before it was written.')
}

/** @param at where in `bytes` the box begins @param offset where in the file `bytes` begin @param fileBytes end of a box without end */
function readBox(bytes: Uint8Array, at: number, offset: number, fileBytes: number): Box | null {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (at + 8 > view.length) return null
  const type = view.toString('latin1', at + 4, at + 8)
  if (!/^[\x20-\x7e\xa9]{4}$/.test(type)) return null
  const short = view.readUInt32BE(at)
  if (short === 0) return { type, start: offset + at + 8, end: fileBytes }
  if (short !== 1) return short < 8 ? null : { type, start: offset + at + 8, end: offset + at + short }
  if (at + 16 > view.length) return null
  const long = Number(view.readBigUInt64BE(at + 8))
  return long < 16 ? null : { type, start: offset + at + 16, end: offset + at + long }
}

function checkFragment(moof: Buffer): void {
  for (const traf of boxesIn(moof, 0, moof.length)) {
    if (traf.type !== 'traf') continue
    for (const run of boxesIn(moof, traf.start, traf.end)) {
      if (run.type !== 'trun' || run.end - run.start < 8) continue
      if (moof.readUInt32BE(run.start + 4) > maxRunSamples)
        throw damaged('A part of the video claims to be endless.')
    }
  }
}

function* boxesIn(bytes: Buffer, start: number, end: number): Generator<Box> {
  for (let at = start; at < end; ) {
    const box = readBox(bytes, at, 0, end)
    if (!box || box.end > end) throw damaged('A part of the video is damaged.')
    yield box
    at = box.end
  }
}
