import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import PDFDocument from 'pdfkit'
import { issuedDocument } from './documents.core.ts'
import { hanFont } from './fonts.api.ts'
import { pagesOf, printoutOf } from './print.core.ts'
import type { Column, Printout, Table } from './print.core.ts'

type Pdf = InstanceType<typeof PDFDocument>

// Points, 72 to the inch: A4 upright.
const page = { width: 595.28, height: 841.89, margin: 42, foot: 60 }
const inner = page.width - 2 * page.margin
const heights = { head: 44, row: 12.5 }
const sizes = { title: 17, from: 13, fact: 8.5, heading: 9.5, cell: 7.2, foot: 6.5, smallest: 4 }
const colours = { ink: '#1b1f24', soft: '#5b6470', rule: '#c3c9d1', shade: '#f3f5f7' }
const gap = 4

const latin = 'Helvetica'
const latinBold = 'Helvetica-Bold'
const han = 'Han'
/** What the standard fonts of every reader have: WinAnsi. */
const plainText = /^[\x20-\x7e\xa0-\xff€‘’“”–—…•™]*$/
/** What fontkit knows of a font, where pdfkit keeps it. */
interface Known { _font: { font: { hasGlyphForCodePoint (code: number): boolean } } }

interface Run { font: string, text: string }

/** A pen on a document: writes one line of text at a baseline, made smaller or cut where it would not fit. */
interface Pen { write (text: string, at: { x: number, y: number, width: number, size: number, isBold?: boolean, isRight?: boolean, colour?: string }): void }

function penOn (pdf: Pdf): Pen {
  let knowsHan: ((code: number) => boolean) | null = null
  const hasHan = (code: number): boolean => {
    if (knowsHan === null) {
      pdf.registerFont(han, hanFont())
      const { font } = (pdf.font(han) as unknown as Known)._font
      knowsHan = one => font.hasGlyphForCodePoint(one)
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
    write (text, { x, y, width, size, isBold = false, isRight = false, colour = colours.ink }) {
      if (text === '') return
      let runs = runsOf(text, isBold ? latinBold : latin)
      let fitting = size
      let wide = widthOf(runs, size)
      if (wide > width) {
        fitting = Math.max(sizes.smallest, size * width / wide)
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

const rule = (pdf: Pdf, y: number, colour = colours.rule): void => { pdf.moveTo(page.margin, y).lineTo(page.width - page.margin, y).lineWidth(0.6).strokeColor(colour).stroke() }

/** The heading of the first page. Answers where it ends. */
function drawHeading (pdf: Pdf, pen: Pen, { title, from, to, facts }: Printout): number {
  const half = inner / 2 - gap
  const { margin } = page
  pen.write(from, { x: margin, y: margin + 16, width: half, size: sizes.from, isBold: true })
  pen.write(title, { x: margin + inner - half, y: margin + 16, width: half, size: sizes.title, isBold: true, isRight: true })
  rule(pdf, margin + 28, colours.ink)
  pen.write('For', { x: margin, y: margin + 46, width: half, size: sizes.fact, colour: colours.soft })
  pen.write(to, { x: margin, y: margin + 62, width: half, size: sizes.from })
  let y = margin + 46
  for (const [name, value] of facts) {
    pen.write(name, { x: margin + inner - half, y, width: 54, size: sizes.fact, colour: colours.soft })
    pen.write(value, { x: margin + inner - half + 58, y, width: half - 58, size: sizes.fact, isRight: true })
    y += 12.5
  }
  return y
}

/** How far the heading of the first page reaches, with so many facts. */
const headingEnd = (factCount: number): number => page.margin + 46 + factCount * 12.5
/** Where tables begin on the other pages. */
const runningEnd = page.margin + 12

function drawRow (pen: Pen, columns: readonly Column[], cells: readonly string[], y: number, style: { isBold?: boolean, colour?: string } = {}): void {
  const shares = columns.reduce((sum, { share }) => sum + share, 0)
  let x = page.margin
  for (const [i, { share, isNumber }] of columns.entries()) {
    const width = inner * share / shares
    pen.write(cells[i]!, { x: x + gap / 2, y, width: width - gap, size: sizes.cell, isRight: isNumber, ...style })
    x += width
  }
}

/** Draws rows of a table with its head. Answers where they end. */
function drawRows (pdf: Pdf, pen: Pen, table: Table, from: number, to: number, top: number): number {
  pen.write(from === 0 ? table.title : `${table.title} (continued)`, { x: page.margin, y: top + 24, width: inner, size: sizes.heading, isBold: true })
  drawRow(pen, table.columns, table.columns.map(({ title }) => title), top + 36, { isBold: true, colour: colours.soft })
  rule(pdf, top + heights.head - 4)
  let y = top + heights.head
  for (let row = from; row < to; row++) {
    if (row % 2 === 1) pdf.rect(page.margin, y - 2.5, inner, heights.row).fill(colours.shade)
    drawRow(pen, table.columns, table.cells(row), y + 6.5)
    y += heights.row
  }
  return y
}

/** Prints a document that was issued, page by page as it is read: always the same bytes. `hash` is that of the document's text. */
async function * printed (printout: Printout, hash: Buffer): AsyncGenerator<Buffer> {
  const { title, from, to, issuedAt, tables, facts } = printout
  const pdf = new PDFDocument({ size: 'A4', margin: 0, autoFirstPage: false, lang: 'en', info: { Title: `${title}, ${to}`, Author: from, Creator: 'Recoup', Producer: 'Recoup', CreationDate: new Date(issuedAt) } })
  const taken = function * (): Generator<Buffer> {
    // In paused mode a stream of bytes answers buffers, or null when nothing is waiting.
    for (let chunk = pdf.read() as Buffer | null; chunk !== null; chunk = pdf.read() as Buffer | null) yield chunk
  }
  const pen = penOn(pdf)
  const bottom = page.height - page.foot
  const pages = pagesOf(tables.map(({ rowCount }) => rowCount), { ...heights, first: bottom - headingEnd(facts.length), other: bottom - runningEnd })
  for (const [i, pieces] of pages.entries()) {
    pdf.addPage()
    if (i > 0) pen.write(`${from}: ${title}, for ${to}`, { x: page.margin, y: page.margin + 4, width: inner, size: sizes.fact, colour: colours.soft })
    let y = i === 0 ? drawHeading(pdf, pen, printout) : runningEnd
    for (const piece of pieces) y = drawRows(pdf, pen, tables[piece.table]!, piece.from, piece.to, y)
    const foot = { y: page.height - page.margin + 8, size: sizes.foot, colour: colours.soft }
    rule(pdf, page.height - page.margin - 4)
    pen.write(`SHA-256 of the document: ${hash.toString('hex')}`, { ...foot, x: page.margin, width: inner - 80 })
    pen.write(`Page ${i + 1} of ${pages.length}`, { ...foot, x: page.width - page.margin - 76, width: 76, isRight: true })
    yield * taken()
    // Others are served between pages.
    await turn()
  }
  pdf.end()
  yield * taken()
}

/** Sends a document that was issued as PDF, made of its text alone. */
export async function sendPdf (reply: FastifyReply, document: string, hash: Buffer): Promise<FastifyReply> {
  const printout = printoutOf(issuedDocument(document))
  return await reply.type('application/pdf').header('content-disposition', `attachment; filename="${printout.fileName}"`).send(Readable.from(printed(printout, hash), { objectMode: false }))
}
