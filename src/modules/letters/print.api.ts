import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import type { Id } from '#kernel'
import { newPdf, penOn, takenFrom } from '#platform'
import type { Pdf, Pen } from '#platform'
import type { OpenLetter, Print } from './commands.ts'
import { coverFacts } from './core.ts'
import type { BatchRow } from './db.ts'
import { pageLabel, pagesTaken, papers, setLetter, sheets, type as sizes } from './sheets.core.ts'
import type { Measure, Paper, SetLetter } from './sheets.core.ts'

const colours = { soft: '#5b6470', rule: '#c3c9d1' }
const cover = { title: 17, fact: 10.5, step: 18, name: 240 }
/** How long a fold mark is, and how far from the edge. */
const mark = { from: 12, length: 14, punch: 20 }
/** Lines are set to fit; the pen measures them anew, by runs, and must not make one smaller for a rounding. */
const slack = 4

/** How the letters of a batch are read: on one paper, a few after one, first to measure them and then to print them. */
export interface Source {
  open (paper: Paper, after: Id<'letter'> | null): Promise<OpenLetter[]>
  reveal (paper: Paper, after: Id<'letter'> | null): Promise<OpenLetter[]>
  /** Called before the last bytes are given out: who has them all has what was noted. */
  done (print: Print): Promise<void>
}

type Read = Source['open']

/** All letters of a batch, paper by paper, in the order they were written; others are served between them. */
async function * all (read: Read): AsyncGenerator<{ paper: Paper, letter: OpenLetter }> {
  for (const paper of papers) {
    let after: Id<'letter'> | null = null
    for (let some = await read(paper, after); some.length > 0; some = await read(paper, after)) {
      for (const letter of some) {
        yield { paper, letter }
        await turn()
      }
      after = some.at(-1)!.id
    }
  }
}

/** The most pieces of text whose width is remembered: words come again, and Chinese has a few thousand characters. */
const widthsMax = 50_000

/** Measures by the pen, which looks at every letter, once for each piece of text: a width grows with the size. */
function measureWith (pen: Pen): Measure {
  const widths = new Map<string, number>()
  return (text, size) => {
    let width = widths.get(text)
    if (width === undefined) {
      width = pen.widthOf(text, 1_000)
      if (widths.size >= widthsMax) widths.clear()
      widths.set(text, width)
    }
    return width * size / 1_000
  }
}

const line = (pdf: Pdf, x: number, y: number, to: number): void => { pdf.moveTo(x, y).lineTo(to, y).lineWidth(0.5).strokeColor(colours.rule).stroke() }

function drawMarks (pdf: Pdf, paper: Paper): void {
  const { folds, punch } = sheets[paper]
  for (const y of folds) line(pdf, mark.from, y, mark.from + mark.length)
  if (punch !== null) line(pdf, mark.from, punch, mark.from + mark.punch)
}

/** What is printed of a letter beside its words. */
interface Frame { sender: string, letter: Pick<OpenLetter, 'id' | 'language' | 'writtenOn'> }

function drawLetter (pdf: Pdf, pen: Pen, { paper, address, pages }: SetLetter, { sender, letter: { id, language, writtenOn } }: Frame): void {
  const sheet = sheets[paper]
  const inner = sheet.right - sheet.left
  for (const [i, lines] of pages.entries()) {
    pdf.addPage({ size: sheet.size, margin: 0 })
    if (i === 0) {
      drawMarks(pdf, paper)
      pen.write(sender, { x: sheet.left, y: sheet.sender.y, width: sheet.sender.isInWindow ? sheet.address.width : inner / 2, size: sizes.sender, colour: colours.soft })
      pen.write(writtenOn, { x: sheet.right - inner / 3, y: sheet.dateY, width: inner / 3, size: sizes.body, isRight: true })
      for (const [row, text] of address.lines.entries()) pen.write(text, { x: sheet.address.x, y: sheet.address.y + address.size * (row * sizes.addressLeading + 0.85), width: sheet.address.width + slack, size: address.size })
    }
    const top = i === 0 ? sheet.top : sheet.topOther
    for (const [row, text] of lines.entries()) pen.write(text, { x: sheet.left, y: top + row * sizes.leading + sizes.body, width: inner + slack, size: sizes.body })
    pen.write(id, { x: sheet.left, y: sheet.footY, width: inner / 2, size: sizes.foot, colour: colours.soft })
    pen.write(pageLabel(language, i + 1, pages.length), { x: sheet.right - inner / 3, y: sheet.footY, width: inner / 3, size: sizes.foot, isRight: true, colour: colours.soft })
  }
}

/** Ends what was printed with an empty page where it would share its last sheet with what comes next. */
function endSheet (pdf: Pdf, size: 'A4' | 'LETTER', pages: number, duplex: boolean): void {
  for (let page = pages; page < pagesTaken(pages, duplex); page++) pdf.addPage({ size, margin: 0 })
}

/** What a batch comes to, known before its first page is drawn. */
interface Totals { letters: Record<Paper, number>, erased: number, illegible: number, pages: number, sheets: number }

async function measureBatch (read: Read, pen: Pen, measure: Measure, duplex: boolean): Promise<Totals> {
  const totals: Totals = { letters: { a4: 0, letter: 0 }, erased: 0, illegible: 0, pages: pagesTaken(1, duplex), sheets: 1 }
  for await (const { paper, letter: { content } } of all(read)) {
    if (content === null) {
      totals.erased++
      continue
    }
    const pages = setLetter({ paper, ...content }, measure).pages.length
    totals.letters[paper]++
    if (![...content.recipient, ...content.text.split(/[\r\n\t]+/)].every(pen.isLegible)) totals.illegible++
    totals.pages += pagesTaken(pages, duplex)
    totals.sheets += duplex ? Math.ceil(pages / 2) : pages
  }
  return totals
}

function drawCover (pdf: Pdf, pen: Pen, { id, agency, createdAt, duplex }: BatchRow, totals: Totals): void {
  const paper = totals.letters.a4 === 0 && totals.letters.letter > 0 ? 'letter' : 'a4'
  const { size, left, right, topOther } = sheets[paper]
  pdf.addPage({ size, margin: 0 })
  pen.write('Letters to be posted', { x: left, y: topOther, width: right - left, size: cover.title, isBold: true })
  for (const [row, [name, value]] of coverFacts({ id, agency, createdAt, duplex, ...totals }).entries()) {
    const y = topOther + cover.step * (row + 2)
    pen.write(name, { x: left, y, width: cover.name, size: cover.fact, colour: colours.soft })
    pen.write(value, { x: left + cover.name + slack, y, width: right - left - cover.name - slack, size: cover.fact })
  }
  endSheet(pdf, size, 1, duplex)
}

/**
 * Prints a batch, letter by letter as it is read: always the same bytes of the same letters. What changes under its hands, because a party is erased meanwhile, ends it: the reader has
 * half a file and asks again.
 */
async function * printed (batch: BatchRow, source: Source): AsyncGenerator<Buffer> {
  const { id, agency, sender, createdAt, duplex } = batch
  const pdf = newPdf({ title: `Letters ${id}`, author: agency, createdAt })
  const pen = penOn(pdf)
  const measure = measureWith(pen)
  const totals = await measureBatch(source.open, pen, measure, duplex)
  const hash = createHash('sha256')
  const taken = function * (): Generator<Buffer> {
    for (const chunk of takenFrom(pdf)) {
      hash.update(chunk)
      yield chunk
    }
  }
  drawCover(pdf, pen, batch, totals)
  let pages = pagesTaken(1, duplex)
  let erased = 0
  for await (const { paper, letter } of all(source.reveal)) {
    if (letter.content === null) {
      erased++
      continue
    }
    const set = setLetter({ paper, ...letter.content }, measure)
    drawLetter(pdf, pen, set, { sender, letter })
    endSheet(pdf, sheets[paper].size, set.pages.length, duplex)
    pages += pagesTaken(set.pages.length, duplex)
    yield * taken()
  }
  if (pages !== totals.pages || erased !== totals.erased) throw new Error('a batch of letters changed while it was printed')
  pdf.end()
  const last = [...taken()]
  await source.done({ letters: totals.letters.a4 + totals.letters.letter, erased, pages, hash: hash.digest() })
  yield * last
}

/** Sends a batch as PDF, as fast as it is read. */
export const sendBatch = async (reply: FastifyReply, batch: BatchRow, source: Source): Promise<FastifyReply> =>
  await reply.type('application/pdf').header('content-disposition', `attachment; filename="letters-${batch.id}.pdf"`).send(Readable.from(printed(batch, source), { objectMode: false }))
