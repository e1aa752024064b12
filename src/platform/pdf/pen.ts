import PDFDocument from 'pdfkit'
import { hanFont } from './fonts.ts'

/** A document in the making. Where nothing else is said, points, 72 to the inch, from the upper left. */
export type Pdf = InstanceType<typeof PDFDocument>

/** Begins a document that is the same to the byte whenever the same is written on it: it takes no time and no id but these. It has no page yet. */
export const newPdf = ({ title, author, createdAt }: { title: string, author: string, createdAt: string }): Pdf => new PDFDocument({
  margin: 0, autoFirstPage: false, lang: 'en', info: { Title: title, Author: author, Creator: 'Recoup', Producer: 'Recoup', CreationDate: new Date(createdAt) },
})

/** Takes what is ready of a document: pages that are done are not kept. */
export function * takenFrom (pdf: Pdf): Generator<Buffer> {
  // In paused mode a stream of bytes answers buffers, or null when nothing is waiting.
  for (let chunk = pdf.read() as Buffer | null; chunk !== null; chunk = pdf.read() as Buffer | null) yield chunk
}

const latin = 'Helvetica'
const latinBold = 'Helvetica-Bold'
const han = 'Han'
/** What the standard fonts of every reader have: WinAnsi. */
const plainText = /^[\x20-\x7e\xa0-\xff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]*$/
/** What fontkit knows of a font, and the texts that pdfkit remembers how to set in it, where pdfkit keeps them. */
interface Known { _font: { layoutCache: Record<string, unknown>, font: { hasGlyphForCodePoint (code: number): boolean } } }

/** After so many lines pdfkit forgets how it set them: of itself it remembers every text of a document. Setting one costs much more than writing it, and it is asked for three times. */
const rememberedMax = 200

interface Run { font: string, text: string }

const ink = '#1b1f24'
const smallest = 4

/** A line of text and where its baseline begins. */
export interface Stroke { x: number, y: number, width: number, size: number, isBold?: boolean, isRight?: boolean, colour?: string }

/** A pen on a document: writes one line of text at a baseline, made smaller or cut where it would not fit. */
export interface Pen {
  write (text: string, at: Stroke): void
  /** How wide a text is at a size. */
  widthOf (text: string, size: number): number
  /** True when every character of a text is in a font: the others are shown by their numbers. */
  isLegible (text: string): boolean
}

/** A pen that writes in Helvetica and, where that has no letter, in a Chinese font that travels with the document. */
export function penOn (pdf: Pdf): Pen {
  let knowsHan: ((code: number) => boolean) | null = null
  let forgetHan: (() => void) | null = null
  let strokes = 0
  const hasHan = (code: number): boolean => {
    if (knowsHan === null) {
      pdf.registerFont(han, hanFont())
      const known = (pdf.font(han) as unknown as Known)._font
      knowsHan = one => known.font.hasGlyphForCodePoint(one)
      forgetHan = () => { known.layoutCache = Object.create(null) as Record<string, unknown> }
    }
    return knowsHan(code)
  }
  const runsOf = (text: string, font: string): Run[] => {
    if (plainText.test(text)) return [{ font, text }]
    const runs: Run[] = []
    for (const character of text) {
      const isPlain = plainText.test(character)
      const isHan = !isPlain && hasHan(character.codePointAt(0)!)
      // What no font has is named by its number: a blank would hide that something is missing.
      const shown = isPlain || isHan ? character : `[U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`
      const last = runs.at(-1)
      const wanted = isHan ? han : font
      if (last?.font === wanted) last.text += shown
      else runs.push({ font: wanted, text: shown })
    }
    return runs
  }
  const widthOf = (runs: readonly Run[], size: number): number => runs.reduce((sum, { font, text }) => sum + pdf.font(font).fontSize(size).widthOfString(text), 0)
  return {
    widthOf: (text, size) => widthOf(runsOf(text, latin), size),
    isLegible: text => plainText.test(text) || [...text].every(character => plainText.test(character) || hasHan(character.codePointAt(0)!)),
    write (text, { x, y, width, size, isBold = false, isRight = false, colour = ink }) {
      if (text === '') return
      if (++strokes % rememberedMax === 0) forgetHan?.()
      let runs = runsOf(text, isBold ? latinBold : latin)
      let fitting = size
      let wide = widthOf(runs, size)
      if (wide > width) {
        fitting = Math.max(smallest, size * width / wide)
        const characters = [...text]
        for (wide = widthOf(runs, fitting); wide > width + 0.01 && characters.length > 1; wide = widthOf(runs, fitting)) {
          characters.length = Math.min(characters.length - 1, Math.ceil(characters.length * width / wide))
          runs = runsOf(`${characters.join('')}…`, isBold ? latinBold : latin)
        }
      }
      let at = isRight ? x + width - wide : x
      pdf.fillColor(colour)
      for (const run of runs) {
        pdf.font(run.font).fontSize(fitting)
        const advance = runs.length === 1 ? 0 : pdf.widthOfString(run.text)
        pdf.text(run.text, at, y, { lineBreak: false, baseline: 'alphabetic' })
        at += advance
      }
    },
  }
}
