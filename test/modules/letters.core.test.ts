import t from 'tap'
import { LetterBatchStateRefused, LetterStateRefused, PostedOnRefused, checkCancelling, checkPosting, checkReturn, coverFacts, maskedRecipient, recipientLines, waitsUntil, withdrawalOf } from '../../src/modules/letters/core.ts'
import type { WaitingFacts } from '../../src/modules/letters/core.ts'
import { pageLabel, pagesTaken, paginate, paperOf, setAddress, setLetter, sheets, type, wrap } from '../../src/modules/letters/sheets.core.ts'
import type { Box, Measure } from '../../src/modules/letters/sheets.core.ts'
import { strangeId } from '../world.ts'

/** Every character half as wide as it is high, and Chinese ones as wide. */
const measure: Measure = (text, size) => [...text].reduce((sum, character) => sum + (character > '\u2fff' ? size : size / 2), 0)
/** A column of so many narrow characters. */
const wrapped = (text: string, columns: number): string => wrap(text, columns, piece => measure(piece, 2)).join('|')

t.test('text is broken at blanks, between Chinese characters but before no mark that closes, and anywhere in a word that is too long', async t => {
  const rows: [text: string, columns: number, lines: string][] = [
    ['', 10, ''], ['one two three', 7, 'one two|three'], ['one two three', 100, 'one two three'], ['one\ntwo', 10, 'one|two'], ['one\r\n\r\ntwo ', 10, 'one||two'], ['exactly ten', 7, 'exactly|ten'],
    ['a  b', 10, 'a  b'], ['  in', 10, '  in'], ['Donaudampfschiff', 6, 'Donaud|ampfsc|hiff'], ['a Donaudampfschiff b', 6, 'a|Donaud|ampfsc|hiff b'], ['您的账户有欠款', 6, '您的账|户有欠|款'],
    ['您的账，户', 6, '您的|账，户'], ['共（12）元', 6, '共|（12）|元'], ['pay 100元now', 8, 'pay 100|元now'], ['“好”', 4, '“好”'], ['a\tb', 10, 'a    b'], ['e\u0301', 10, 'é'],
  ]
  for (const [text, columns, lines] of rows) t.equal(wrapped(text, columns), lines, JSON.stringify(text))
})

t.test('no line is wider than the paper, whatever is written', async t => {
  const text = 'Sehr geehrte Frau Mustermann, 您好, Donaudampfschifffahrtsgesellschaftskapitänsmütze '.repeat(20)
  for (const width of [20, 55, 120, 465]) for (const line of wrap(text, width, piece => measure(piece, type.body))) t.ok(measure(line, type.body) <= width, line)
})

t.test('lines are dealt out to pages, and no page but the first begins with an empty one', async t => {
  const rows: [lines: string, pages: string][] = [['', ''], ['a', 'a'], ['a b', 'a b'], ['a b c', 'a b|c'], ['a b c d e f', 'a b|c d e|f'], ['a b  c', 'a b|c'], ['a b c  ', 'a b|c'], [' a', ' a']]
  for (const [lines, pages] of rows) t.equal(paginate(lines === '' ? [''] : lines.split(' '), 2, 3).map(page => page.join(' ')).join('|'), pages, JSON.stringify(lines))
})

t.test('an address stands where the window shows it, wherever the sheet has slipped to in its envelope', async t => {
  const [mm, inch] = [72 / 25.4, 72]
  /** The envelope, its window by its distance from the left and the bottom, and the sheet when it is folded. */
  const rows: [paper: 'a4' | 'letter', envelope: [width: number, height: number], window: [left: number, bottom: number, width: number, height: number], folded: [width: number, height: number]][] = [
    ['a4', [220 * mm, 110 * mm], [20 * mm, 15 * mm, 90 * mm, 45 * mm], [210 * mm, 105 * mm]],
    ['a4', [220 * mm, 110 * mm], [20 * mm, 15 * mm, 90 * mm, 35 * mm], [210 * mm, 105 * mm]],
    ['letter', [9.5 * inch, 4.125 * inch], [0.875 * inch, 0.5 * inch, 4.5 * inch, 1.125 * inch], [8.5 * inch, 11 / 3 * inch]],
  ]
  for (const [paper, [width, height], [left, bottom, windowWidth, windowHeight], [foldedWidth, foldedHeight]] of rows) {
    const { address, folds, sender } = sheets[paper]
    t.ok(Math.abs(folds[0]! - foldedHeight) < 0.01, `${paper} is folded to fit`)
    for (const dx of [0, width - foldedWidth]) for (const dy of [0, height - foldedHeight]) {
      const seen: Box = { x: left - dx, y: height - bottom - windowHeight - dy, width: windowWidth, height: windowHeight }
      const shows = (box: Box): boolean => box.x >= seen.x - 0.01 && box.y >= seen.y - 0.01 && box.x + box.width <= seen.x + seen.width + 0.01 && box.y + box.height <= seen.y + seen.height + 0.01
      t.ok(shows(address), `${paper}, slipped by ${dx}, ${dy}`)
      if (!sender.isInWindow) t.ok(sender.y < seen.y, 'whom it is from is not in the window')
      t.ok(sheets[paper].top > seen.y + seen.height, 'nor is anything of the text')
    }
  }
})

t.test('an address is set as large as it fits, and nothing of it is left out', async t => {
  const rows: [lines: string[], paper: 'a4' | 'letter', atLeast: number, atMost: number][] = [
    [['Erika Mustermann', 'Hafenstr. 1', '20457 Hamburg'], 'a4', 11, 11], [['A', 'B', 'C', 'D', 'E', 'F'], 'a4', 10, 11], [['Ada Price', '12 High Street', 'Springfield, IL 62701'], 'letter', 11, 11],
    [['A', 'B', 'C', 'D', 'E'], 'letter', 8, 9], [Array.from({ length: 10 }, (_, i) => `Line ${i}`), 'a4', 6, 7], [[`浙江省杭州市${'西湖区文三路'.repeat(60)}`], 'a4', 4, 6], [['x'.repeat(400), 'y'.repeat(400)], 'letter', 4, 6],
  ]
  for (const [recipient, paper, atLeast, atMost] of rows) {
    const box = sheets[paper].address
    const { size, lines } = setAddress(recipient, box, measure)
    t.ok(size >= atLeast && size <= atMost, `${recipient[0]!.slice(0, 20)}: ${size}`)
    t.equal(lines.join('').replaceAll(' ', ''), recipient.join('').replaceAll(' ', ''))
    t.ok(lines.length * size * type.addressLeading <= box.height + 0.01)
    for (const line of lines) t.ok(measure(line, size) <= box.width + 0.01)
  }
})

t.test('the recipient\'s country chooses the paper', async t => {
  for (const [country, paper] of [['DE', 'a4'], ['CN', 'a4'], ['GB', 'a4'], ['US', 'letter'], ['CA', 'letter'], ['ZZ', 'a4']] as const) t.equal(paperOf(country), paper, country)
})

t.test('a letter goes on as long as it has text, and each begins on a new sheet where both sides are printed', async t => {
  for (const [lineCount, paper, pages] of [[1, 'a4', 1], [35, 'a4', 1], [36, 'a4', 2], [85, 'a4', 2], [86, 'a4', 3], [32, 'letter', 1], [33, 'letter', 2]] as const) {
    t.equal(setLetter({ paper, recipient: ['A'], text: Array.from({ length: lineCount }, (_, i) => `line ${i}`).join('\n') }, measure).pages.length, pages, `${lineCount} lines on ${paper}`)
  }
  for (const [pages, duplex, taken] of [[1, false, 1], [2, false, 2], [1, true, 2], [2, true, 2], [3, true, 4]] as const) t.equal(pagesTaken(pages, duplex), taken)
})

t.test('pages are numbered in the language of the letter', async t => {
  for (const [language, label] of [['en', 'Page 1 of 2'], ['de-AT', 'Seite 1 von 2'], ['zh-CN', '第1页 共2页'], ['ja', 'Page 1 of 2']] as const) t.equal(pageLabel(language, 1, 2), label)
})

t.test('a letter whose reason is gone is withdrawn, and says for which', async t => {
  const fit: WaitingFacts = { isWorked: true, isOwed: true, isHeld: false, isReachable: true, isOptedOut: false, isOverdue: false }
  t.equal(withdrawalOf(fit), null)
  for (const [change, reason] of [[{ isWorked: false }, 'placementEnded'], [{ isOwed: false }, 'nothingOwed'], [{ isHeld: true }, 'onHold'], [{ isReachable: false }, 'unreachable'], [{ isOptedOut: true }, 'optedOut'], [{ isOverdue: true }, 'notPrinted']] as const) {
    t.equal(withdrawalOf({ ...fit, ...change }), reason)
  }
  t.equal(waitsUntil(new Date('2026-02-20T09:30:00.5Z')).toISOString(), '2026-03-06T09:30:00.500Z')
})

t.test('a batch goes its way and no other', async t => {
  const made = { state: 'made', madeOn: '2026-01-05' } as const
  for (const day of ['2026-01-05', '2026-01-07']) t.doesNotThrow(() => checkPosting(made, day, '2026-01-07'))
  for (const day of ['2026-01-04', '2026-01-08']) t.throws(() => checkPosting(made, day, '2026-01-07'), { code: PostedOnRefused.code })
  for (const state of ['open', 'posted', 'cancelled'] as const) t.throws(() => checkPosting({ state, madeOn: null }, '2026-01-05', '2026-01-07'), { code: LetterBatchStateRefused.code })
  for (const state of ['open', 'made'] as const) t.doesNotThrow(() => checkCancelling({ state }))
  for (const state of ['posted', 'cancelled'] as const) t.throws(() => checkCancelling({ state }), { code: LetterBatchStateRefused.code })
  t.doesNotThrow(() => checkReturn({ state: 'posted' }))
  for (const state of ['waiting', 'batched', 'returned', 'withdrawn'] as const) t.throws(() => checkReturn({ state }), { code: LetterStateRefused.code })
})

t.test('the lines of an address are the name and what was stored, and are shown masked', async t => {
  t.same(recipientLines(' Erika  Mustermann', 'Hafenstr. 1\r\n\n 20457 Hamburg '), ['Erika Mustermann', 'Hafenstr. 1', '20457 Hamburg'])
  const mask = { name: (name: string) => `n(${name})`, address: (address: string) => `a(${address})` }
  t.equal(maskedRecipient(['Erika', 'Hafenstr. 1', 'Hamburg'], mask), 'n(Erika), a(Hafenstr. 1, Hamburg)')
  t.equal(maskedRecipient(['Erika'], mask), 'n(Erika)')
})

t.test('the cover sheet names those erased, and those to be looked at, only where there are any', async t => {
  const cover = { id: strangeId('letterBatch') as `lbt_${string}`, agency: 'A', createdAt: '2026-01-05T09:00:00Z', letters: { a4: 2, letter: 1 }, erased: 0, illegible: 0, pages: 5, sheets: 5, duplex: false }
  t.match(Object.fromEntries(coverFacts(cover)), { 'Letters to print': '3', Print: 'on one side' })
  t.notOk(coverFacts(cover).some(([name]) => name.startsWith('Erased')))
  t.notOk(coverFacts(cover).some(([name]) => name.includes('no font')))
  t.ok(coverFacts({ ...cover, illegible: 2 }).some(([name, value]) => name.includes('no font') && value === '2'))
  t.ok(coverFacts({ ...cover, erased: 4 }).some(([name, value]) => name.startsWith('Erased') && value === '4'))
})
