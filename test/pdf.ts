import { inflateSync } from 'node:zlib'

/** A line of text on a page of a PDF: where its baseline begins, in points from the upper left, and its size. */
export interface Line { text: string, x: number, y: number, size: number }

/** A page as it was parsed back: its size in points, its lines in the order they were written, and the lines drawn across it. */
export interface PdfPage { width: number, height: number, lines: Line[], rules: { x: number, y: number }[] }

const hexOf = (text: string): number[] => text.match(/.{4}/g)?.map(code => Number.parseInt(code, 16)) ?? []

/** The characters of a font's glyphs, by their numbers, as a reader copies text. */
function charactersIn (cmap: string): string[] {
  const characters: string[] = []
  for (const [, first, list] of cmap.matchAll(/<([0-9a-f]+)> <[0-9a-f]+> \[([^\]]*)\]/g)) {
    for (const [i, [, code]] of [...list!.matchAll(/<([0-9a-f ]+)>/g)].entries()) characters[Number.parseInt(first!, 16) + i] = String.fromCharCode(...hexOf(code!.replaceAll(' ', '')))
  }
  return characters
}

/** The objects of a PDF by number: what they say, and their stream unpacked. Found by the table at its end, as a reader finds them. */
function objectsOf (pdf: Buffer): Map<number, { head: string, stream: string }> {
  const start = Number(/startxref\n(\d+)\n%%EOF\n?$/.exec(pdf.toString('latin1'))![1])
  const [, ...entries] = pdf.toString('latin1', start).match(/^\d{10} \d{5} [nf]/gm)!
  return new Map(entries.map((entry, i) => {
    const at = Number(entry.slice(0, 10))
    const text = pdf.toString('latin1', at, pdf.indexOf('endobj', at))
    if (!text.startsWith(`${i + 1} 0 obj`)) throw new Error(`object ${i + 1} is not where the table says`)
    const [head = '', ...rest] = text.split('stream\n')
    const packed = Buffer.from(rest.join('stream\n').replace(/\nendstream[^]*$/, ''), 'latin1')
    return [i + 1, { head, stream: packed.length === 0 ? '' : (packed[0] === 0x78 ? inflateSync(packed) : packed).toString('latin1') }]
  }))
}

/** What WinAnsi has from 0x80 to 0x9f; its other codes are Unicode's. */
const winAnsi = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'
const plain = (hex: string): string => [...Buffer.from(hex, 'hex')].map(code => code >= 0x80 && code < 0xa0 ? winAnsi[code - 0x80]! : String.fromCharCode(code)).join('')

/** Parses a PDF of ours back into what a reader sees. */
export function pagesOfPdf (pdf: Buffer): PdfPage[] {
  const objects = objectsOf(pdf)
  const referred = (head: string, name: string): number => Number(new RegExp(`/${name} (\\d+) 0 R`).exec(head)?.[1] ?? 0)
  const fonts = new Map<string, string[] | null>()
  for (const { head } of objects.values()) {
    for (const [, name, number] of head.matchAll(/\/(F\d+) (\d+) 0 R/g)) {
      const cmap = referred(objects.get(Number(number))!.head, 'ToUnicode')
      fonts.set(name!, cmap === 0 ? null : charactersIn(objects.get(cmap)!.stream))
    }
  }
  const [, kids = ''] = /\/Kids \[([^\]]*)\]/.exec([...objects.values()].find(({ head }) => head.includes('/Type /Pages'))!.head)!
  return [...kids.matchAll(/(\d+) 0 R/g)].map(([, kid]) => {
    const { head } = objects.get(Number(kid))!
    const [width = 0, height = 0] = /\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(head)!.slice(1).map(Number)
    const { stream } = objects.get(referred(head, 'Contents'))!
    const lines: Line[] = []
    let lastFont: string | undefined
    for (const [, x, y, font, size, pieces] of stream.matchAll(/1 0 0 1 ([\d.-]+) ([\d.-]+) Tm\n\/(F\d+) ([\d.]+) Tf\n\[((?:<[0-9a-f]*>|[-\d. ])*)\] TJ/g)) {
      const hex = [...pieces!.matchAll(/<([0-9a-f]*)>/g)].map(([, code]) => code).join('')
      const characters = fonts.get(font!)
      const text = characters == null ? plain(hex) : hexOf(hex).map(glyph => characters[glyph]).join('')
      const last = lines.at(-1)
      const at = { text, x: Number(x), y: height - Number(y), size: Number(size) }
      // A line in two fonts is written in pieces, from left to right.
      if (last !== undefined && font !== lastFont && Math.abs(last.y - at.y) < 0.01 && last.size === at.size && at.x > last.x && at.x - last.x < 1.2 * last.size * [...last.text].length) last.text += text
      else lines.push(at)
      lastFont = font
    }
    const rules = [...stream.matchAll(/^([\d.]+) ([\d.]+) m$/gm)].map(([, x, y]) => ({ x: Number(x), y: Number(y) }))
    return { width, height, lines, rules }
  })
}
