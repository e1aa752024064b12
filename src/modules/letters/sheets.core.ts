/** What letters are printed on, each with the envelope it goes into. */
export const papers = ['a4', 'letter'] as const
export type Paper = typeof papers[number]

/** Where US Letter is the paper of the post; the others have ISO 216. */
const letterCountries = new Set(['US', 'CA', 'MX', 'PH', 'CL', 'CO', 'VE', 'CR', 'GT', 'HN', 'NI', 'PA', 'SV', 'DO', 'PR'])

/** The paper of a country, by its ISO 3166-1 code. */
export const paperOf = (country: string): Paper => letterCountries.has(country) ? 'letter' : 'a4'

const mm = (millimetres: number): number => millimetres * 72 / 25.4
const inch = (inches: number): number => inches * 72

/** A box on a page, in points from the upper left. */
export interface Box { x: number, y: number, width: number, height: number }

/** How a letter lies on its paper: everything in points from the upper left. Sizes of pages are what pdfkit calls them. */
export interface Sheet {
  size: 'A4' | 'LETTER', width: number, height: number, left: number, right: number
  /** What the window of the envelope shows wherever the sheet has slipped to in it. */
  address: Box
  /** The baseline of the line that says whom the letter is from, and whether the window shows it. */
  sender: { y: number, isInWindow: boolean }
  /** The baseline of the date, at the right edge. */
  dateY: number
  /** Where text begins on the first page and on the others, and where it ends on all. */
  top: number, topOther: number, bottom: number
  footY: number
  /** Where the sheet is folded, and the middle at which it is punched. */
  folds: readonly number[], punch: number | null
}

/**
 * A4: DIN 5008 form B, for the window of an envelope DL (ISO 269; DIN 680). US Letter: the window of an envelope #10, which is 9.5 by 4.125 inches and has its window of 4.5 by 1.125 inches
 * 0.875 inches from the left and 0.5 from the bottom. There the sender stands above the window and not in it: nothing on an envelope may say that a debt is collected (15 USC 1692f(8)),
 * and the name of an agency often does.
 */
export const sheets: Record<Paper, Sheet> = {
  a4: {
    size: 'A4', width: mm(210), height: mm(297), left: mm(25), right: mm(190), address: { x: mm(25), y: mm(62.7), width: mm(75), height: mm(27.3) }, sender: { y: mm(61.2), isInWindow: true }, dateY: mm(61.2),
    top: mm(98.5), topOther: mm(25), bottom: mm(272), footY: mm(285), folds: [mm(105), mm(210)], punch: mm(148.5),
  },
  letter: {
    size: 'LETTER', width: inch(8.5), height: inch(11), left: inch(1), right: inch(7.5), address: { x: inch(1), y: inch(2.5), width: inch(3.3), height: inch(2 / 3) }, sender: { y: inch(1), isInWindow: false }, dateY: inch(1),
    top: inch(3.75), topOther: inch(1), bottom: inch(10), footY: inch(10.5), folds: [inch(11 / 3), inch(22 / 3)], punch: null,
  },
}

/** Sizes of letters on paper, and of the step from line to line, in points. */
export const type = { body: 10.5, leading: 14, sender: 7, foot: 6.5, addressMax: 11, addressMin: 4, addressStep: 0.25, addressLeading: 1.18 } as const

/** How wide a text is at a size, in points. */
export type Measure = (text: string, size: number) => number

/** Marks that no line begins with, and those that none ends with. */
const closing = /^[，。、；：？！）》」』】〉〕”’…,.;:!?)\]}%]/u
const opening = /[（《「『【〈〔“‘([{]$/u
/** Writing that is broken anywhere: Chinese and Japanese, and Korean syllables. */
const broken = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff00-\uffef]/u

/** Cuts a line where it may be broken: after blanks, and beside each character of writing that has none. */
function piecesOf (line: string): string[] {
  const pieces: string[] = []
  let last = ''
  for (const character of line) {
    const isBlank = character === ' '
    const mayBreak = last !== '' && !isBlank && (last === ' ' || ((broken.test(last) || broken.test(character)) && !closing.test(character) && !opening.test(last)))
    if (mayBreak || pieces.length === 0) pieces.push(character)
    else pieces[pieces.length - 1] += character
    last = character
  }
  return pieces
}

/** Cuts a piece that is wider than a line anywhere. */
function cut (piece: string, width: number, measure: (text: string) => number): string[] {
  const parts: string[] = ['']
  for (const character of piece) {
    const grown = parts[parts.length - 1]! + character
    if (parts[parts.length - 1] === '' || measure(grown) <= width) parts[parts.length - 1] = grown
    else parts.push(character)
  }
  return parts
}

/** Breaks a text into lines that fit a width: at its own ends of line, at blanks, between Chinese characters, and anywhere in a word that is too long. */
export function wrap (text: string, width: number, measure: (text: string) => number): string[] {
  const lines: string[] = []
  for (const paragraph of text.normalize('NFC').replace(/\r\n?/g, '\n').replace(/\t/g, '    ').split('\n')) {
    let line = ''
    let wide = 0
    for (const piece of piecesOf(paragraph.trimEnd())) {
      const shown = piece.trimEnd()
      const needed = measure(shown)
      if (line !== '' && wide + needed > width) {
        lines.push(line.trimEnd())
        line = ''
        wide = 0
      }
      if (needed > width) {
        const parts = cut(shown, width, measure)
        lines.push(...parts.slice(0, -1))
        line = parts.at(-1)! + piece.slice(shown.length)
        wide = measure(line)
      } else {
        line += piece
        wide += measure(piece)
      }
    }
    lines.push(line.trimEnd())
  }
  return lines
}

/** An address as it is printed: at one size, in lines that fit. */
export interface AddressBlock { size: number, lines: string[] }

/** Sets an address in a box: as large as it fits whole, because what the window does not show the postman cannot read. */
export function setAddress (recipient: readonly string[], { width, height }: Pick<Box, 'width' | 'height'>, measure: Measure): AddressBlock {
  const linesAt = (size: number): string[] => recipient.flatMap(line => wrap(line, width, text => measure(text, size)))
  for (let size: number = type.addressMax; size > type.addressMin; size -= type.addressStep) {
    const lines = linesAt(size)
    if (lines.length * size * type.addressLeading <= height) return { size, lines }
  }
  return { size: type.addressMin, lines: linesAt(type.addressMin) }
}

/** Deals lines out to pages with room for so many. No page but the first begins with an empty line. There is always one page. */
export function paginate (lines: readonly string[], first: number, other: number): string[][] {
  const pages: string[][] = [[]]
  let end = lines.length
  while (end > 0 && lines[end - 1] === '') end--
  for (const line of lines.slice(0, end)) {
    const isFull = pages.at(-1)!.length >= (pages.length === 1 ? first : other)
    if (isFull) pages.push([])
    if (line !== '' || pages.length === 1 || pages.at(-1)!.length > 0) pages.at(-1)!.push(line)
  }
  return pages
}

/** A letter ready to be drawn. */
export interface SetLetter { paper: Paper, address: AddressBlock, pages: string[][] }

/** Sets a letter on its paper. */
export function setLetter ({ paper, recipient, text }: { paper: Paper, recipient: readonly string[], text: string }, measure: Measure): SetLetter {
  const sheet = sheets[paper]
  const rows = (top: number): number => Math.floor((sheet.bottom - top) / type.leading)
  const lines = wrap(text, sheet.right - sheet.left, piece => measure(piece, type.body))
  return { paper, address: setAddress(recipient, sheet.address, measure), pages: paginate(lines, rows(sheet.top), rows(sheet.topOther)) }
}

/** How many pages something takes when whatever comes next begins on a new sheet. */
export const pagesTaken = (pages: number, duplex: boolean): number => duplex ? pages + pages % 2 : pages

const pageWords: Record<string, (page: number, of: number) => string> = {
  en: (page, of) => `Page ${page} of ${of}`, de: (page, of) => `Seite ${page} von ${of}`, fr: (page, of) => `Page ${page} sur ${of}`, es: (page, of) => `Página ${page} de ${of}`, zh: (page, of) => `第${page}页 共${of}页`,
}

/** The number of a page, in the language of the letter or else in English. */
export const pageLabel = (language: string, page: number, of: number): string => (pageWords[language.split('-')[0]!] ?? pageWords['en']!)(page, of)
