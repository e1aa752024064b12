import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import type { App } from './api.ts'
import { JsonEncodingRefused } from './json.ts'
import { BodyTooLarge, UnsupportedMediaType } from './problem.ts'
import { validatorCompiler } from './validation.ts'

/** The largest body that is read as a stream. */
export const bulkBytesMax = 64 * 1024 * 1024

/** What bulk bodies may be written in. */
export const bulkTypes = ['application/json', 'application/x-ndjson', 'text/csv'] as const

/** Adds routes whose bodies, of the types given, their handlers read as streams, with `bulkText`. Their body schemas are for the document only. */
export function addBulkRoutes (app: App, add: (scope: App) => void, types: readonly string[] = bulkTypes): void {
  void app.register(async scope => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser([...types], (_req, payload, done) => { done(null, payload) })
    scope.setValidatorCompiler(route => route.httpPart === 'body' ? () => true : validatorCompiler(route))
    add(scope as App)
  })
}

/** The type of a bulk request's body, among those of its routes. Throws `UnsupportedMediaType` when there is none or it is another. */
export function bulkTypeOf<T extends string> (req: FastifyRequest, types: readonly T[]): T {
  const name = (req.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()
  const type = types.find(type => type === name)
  if (type === undefined || req.body == null) throw UnsupportedMediaType({ types: types.join(', ') })
  return type
}

/** The longest sequence of bytes that one character takes in UTF-8. */
const characterBytesMax = 4

/**
 * The body of a bulk request, piece by piece as it arrives, cut between characters. Leaves the body's hash on the request when it has ended.
 * Throws `BodyTooLarge` beyond `bytesMax` and `JsonEncodingRefused` on bytes that are not UTF-8, without closing the connection: the answer must still reach the caller.
 */
export async function * bulkText (req: FastifyRequest, bytesMax: number): AsyncGenerator<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > bytesMax) throw BodyTooLarge({ bytesMax })
  const hash = createHash('sha256')
  let bytes = 0
  let rest: Buffer = Buffer.alloc(0)
  // The content type parser of these routes hands the payload over as it is.
  for await (const chunk of (req.body as Readable).iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bytesMax) throw BodyTooLarge({ bytesMax })
    hash.update(chunk)
    const piece = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const end = wholeCharacters(piece)
    const text = piece.subarray(0, end)
    if (!isUtf8(text)) throw JsonEncodingRefused({ beforeByte: bytes })
    rest = piece.subarray(end)
    if (text.length > 0) yield text
  }
  if (rest.length > 0) throw JsonEncodingRefused({ beforeByte: bytes })
  req.bodyHash = hash.digest()
}

/** How many bytes of a piece form whole characters, if it is UTF-8 at all: all but a sequence that its end may have cut. */
function wholeCharacters (piece: Buffer): number {
  for (let back = 1; back < characterBytesMax && back <= piece.length; back++) {
    const byte = piece[piece.length - back]!
    if (byte < 0x80) return piece.length
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return back < length ? piece.length - back : piece.length
    }
  }
  return piece.length
}
