import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { inflateSync } from 'node:zlib'

/** A font under the Open Font License with the usual simplified Chinese characters. */
const hanFile = '@fontsource/zcool-xiaowei/files/zcool-xiaowei-chinese-simplified-400-normal.woff'

let han: Buffer | null = null

/** The font for names in Chinese: read when it is first needed, and kept. */
export function hanFont (): Buffer {
  han ??= sfntOf(readFileSync(createRequire(import.meta.url).resolve(hanFile)))
  return han
}

/** Where the parts of a WOFF file are (W3C WOFF 1.0, sections 4 and 5), and those of the font inside. */
const woff = { headerBytes: 44, entryBytes: 20 }
const sfnt = { headerBytes: 12, entryBytes: 16 }
const alignment = 4

/** Unpacks a WOFF file into the font it was made of. Whoever reads glyphs from the packed file unpacks the whole of it for each. */
function sfntOf (file: Buffer): Buffer {
  const tableCount = file.readUInt16BE(12)
  const tables = Array.from({ length: tableCount }, (_, i) => {
    const at = woff.headerBytes + i * woff.entryBytes
    const [offset, packedBytes, bytes] = [file.readUInt32BE(at + 4), file.readUInt32BE(at + 8), file.readUInt32BE(at + 12)]
    const packed = file.subarray(offset, offset + packedBytes)
    return { tag: file.subarray(at, at + 4), checksum: file.subarray(at + 16, at + 20), content: packedBytes < bytes ? inflateSync(packed) : packed }
  })
  const header = Buffer.alloc(sfnt.headerBytes + tableCount * sfnt.entryBytes)
  file.copy(header, 0, 4, 8)
  header.writeUInt16BE(tableCount, 4)
  let at = header.length
  const parts: Buffer[] = [header]
  for (const [i, { tag, checksum, content }] of tables.entries()) {
    const entry = sfnt.headerBytes + i * sfnt.entryBytes
    tag.copy(header, entry)
    checksum.copy(header, entry + 4)
    header.writeUInt32BE(at, entry + 8)
    header.writeUInt32BE(content.length, entry + 12)
    const padded = Buffer.alloc(Math.ceil(content.length / alignment) * alignment)
    content.copy(padded)
    parts.push(padded)
    at += padded.length
  }
  return Buffer.concat(parts)
}
