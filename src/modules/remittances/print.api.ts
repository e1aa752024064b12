import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import { newPdf, penOn, takenFrom } from '#platform'
import type { Pdf, Pen } from '#platform'
import { issuedDocument } from './documents.core.ts'
import { pagesOf, printoutOf } from './print.core.ts'
import type { Column, Printout, Table } from './print.core.ts'

// Points, 72 to the inch: A4 upright.
const page = { width: 595.28, height: 841.89, margin: 42, foot: 60 }
const inner = page.width - 2 * page.margin
const heights = { head: 44, row: 12.5 }
const sizes = { title: 17, from: 13, fact: 8.5, heading: 9.5, cell: 7.2, foot: 6.5 }
const colours = { ink: '#1b1f24', soft: '#5b6470', rule: '#c3c9d1', shade: '#f3f5f7' }
const gap = 4

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
  const pdf = newPdf({ title: `${title}, ${to}`, author: from, createdAt: issuedAt })
  const pen = penOn(pdf)
  const bottom = page.height - page.foot
  const pages = pagesOf(tables.map(({ rowCount }) => rowCount), { ...heights, first: bottom - headingEnd(facts.length), other: bottom - runningEnd })
  for (const [i, pieces] of pages.entries()) {
    pdf.addPage({ size: 'A4', margin: 0 })
    if (i > 0) pen.write(`${from}: ${title}, for ${to}`, { x: page.margin, y: page.margin + 4, width: inner, size: sizes.fact, colour: colours.soft })
    let y = i === 0 ? drawHeading(pdf, pen, printout) : runningEnd
    for (const piece of pieces) y = drawRows(pdf, pen, tables[piece.table]!, piece.from, piece.to, y)
    const foot = { y: page.height - page.margin + 8, size: sizes.foot, colour: colours.soft }
    rule(pdf, page.height - page.margin - 4)
    pen.write(`SHA-256 of the document: ${hash.toString('hex')}`, { ...foot, x: page.margin, width: inner - 80 })
    pen.write(`Page ${i + 1} of ${pages.length}`, { ...foot, x: page.width - page.margin - 76, width: 76, isRight: true })
    yield * takenFrom(pdf)
    // Others are served between pages.
    await turn()
  }
  pdf.end()
  yield * takenFrom(pdf)
}

/** Sends a document that was issued as PDF, made of its text alone. */
export async function sendPdf (reply: FastifyReply, document: string, hash: Buffer): Promise<FastifyReply> {
  const printout = printoutOf(issuedDocument(document))
  return await reply.type('application/pdf').header('content-disposition', `attachment; filename="${printout.fileName}"`).send(Readable.from(printed(printout, hash), { objectMode: false }))
}
